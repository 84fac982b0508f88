//! `swarmlet run`

use super::{Exit, fail};
use crate::config::Settings;
use crate::run::{self, StartError};

pub(super) async fn run(settings: Settings) -> Exit {
    match run::start(settings).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            let is_terminal = matches!(&error, StartError::Identify(cause) if cause.is_terminal());
            fail(Exit::after(is_terminal), &error)
        }
    }
}
