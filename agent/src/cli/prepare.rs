//! `swarmlet prepare`

use super::{Exit, fail, say};
use crate::config::Settings;
use crate::prepare;

pub(super) async fn run(settings: Settings) -> Exit {
    match prepare::start(&settings, |text| say("<4>", &text)).await {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}
