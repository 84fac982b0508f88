//! An operator's requests: leave, drain, and taking either back.

use thiserror::Error;

use super::own::{self, OwnError};
use crate::config::Settings;
use host::clock::{BootClock, Clock};
use host::command::{Command, CommandError, Runner};
use host::state_folder::StateError;
use protocol::departure::Request;

const SERVICE: &str = "swarmlet.service";

/// Why a request could not be left.
#[derive(Debug, Error)]
pub enum RequestError {
    /// It is not known which instance this is.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// The state folder.
    #[error(transparent)]
    Memory(#[from] StateError),
    /// The service manager could not be asked.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Nobody is there to do it.
    #[error(
        "noted, but nothing happens yet: the agent does not run on this node; run `systemctl start swarmlet`"
    )]
    NoAgent,
}

/// `swarmlet leave`
pub async fn leave(settings: &Settings, runner: &impl Runner) -> Result<(), RequestError> {
    ask(settings, runner, Request::Leave).await
}

/// `swarmlet drain`
pub async fn drain(settings: &Settings, runner: &impl Runner) -> Result<(), RequestError> {
    ask(settings, runner, Request::Drain).await
}

/// `swarmlet activate`
pub async fn activate(settings: &Settings, runner: &impl Runner) -> Result<(), RequestError> {
    let boot = BootClock.boot();
    ask(settings, runner, Request::Activate { boot }).await
}

async fn ask(
    settings: &Settings,
    runner: &impl Runner,
    request: Request,
) -> Result<(), RequestError> {
    own::memory(settings).await?.ask(&request)?;
    let show = Command::new([
        "systemctl",
        "show",
        "--property=ActiveState",
        "--value",
        SERVICE,
    ]);
    let state = runner.run(&show).await?;
    match state.stdout.trim() {
        "active" | "activating" | "reloading" => Ok(()),
        _ => Err(RequestError::NoAgent),
    }
}
