//! `swarmlet dashboard`

use super::{Exit, fail};
use crate::config::Settings;
use crate::dashboard;

pub(super) async fn run(settings: Settings) -> Exit {
    match dashboard::start(&settings).await {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}
