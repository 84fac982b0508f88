//! `swarmlet dashboard`

use super::{Exit, fail};
use crate::config::Settings;
use view::dashboard;

pub(super) async fn run(settings: Settings) -> Exit {
    match dashboard::start(
        &settings.dashboard,
        &settings.engine.socket,
        &settings.runtime_dir,
    )
    .await
    {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}
