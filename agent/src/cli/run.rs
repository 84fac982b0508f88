//! `swarmlet run`

use super::{Exit, fail};
use crate::config::Settings;
use crate::run::{self, StartError};
use view::status::failure::Failure;

pub(super) async fn run(settings: Settings) -> Exit {
    let runtime_dir = settings.runtime_dir.clone();
    match run::start(settings).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            let is_terminal = matches!(&error, StartError::Identify(cause) if cause.is_terminal());
            if let Err(unwritten) = Failure::leave(&runtime_dir, error.to_string(), is_terminal) {
                tracing::debug!(%unwritten, "`swarmlet status` will not tell why");
            }
            fail(Exit::after(is_terminal), &error)
        }
    }
}
