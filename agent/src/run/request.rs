//! An operator's requests: leave, drain, and taking either back.

use thiserror::Error;

use super::{BootClock, Clock, Memory, MemoryError};
use crate::cloud::imds::{Imds, Metadata, MetadataError};
use crate::command::{Command, CommandError, Runner};
use crate::config::Settings;
use crate::swarm::departure::Request;

const SERVICE: &str = "swarmlet.service";

/// Why a request could not be left.
#[derive(Debug, Error)]
pub enum RequestError {
    /// Metadata does not tell which instance this is.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Metadata has no instance id.
    #[error("cannot tell which instance this is: metadata has no instance id")]
    NoInstance,
    /// The state folder.
    #[error(transparent)]
    Memory(#[from] MemoryError),
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

/// For this very instance: a copy of its disk does not inherit it.
async fn ask(
    settings: &Settings,
    runner: &impl Runner,
    request: Request,
) -> Result<(), RequestError> {
    let metadata = &settings.metadata;
    let imds = Imds::new(metadata.base(), metadata.request_timeout, metadata.budget);
    let id = imds.get("meta-data/instance-id").await?;
    let id = id.ok_or(RequestError::NoInstance)?;
    Memory::new(&settings.state_dir, id.trim()).ask(&request)?;
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
