//! `swarmlet announce`, which `swarmlet-announce.service` runs

use super::{Exit, fail};
use crate::config::Settings;
use crate::prepare;
use host::command::Host;

pub(super) async fn run(settings: Settings) -> Exit {
    match prepare::announce(&settings, &Host).await {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}
