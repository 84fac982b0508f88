//! An engine that does not start with its swarm state, at the agent's request.
//!
//! A raft log that is behind what the leader knows of it, or a damaged one, ends the engine at each start
//! (moby#29180). Whether it is the state is found out, not guessed: the engine is started once more with
//! it, and then without. Where neither helps everything is put back.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::folders::Folders;
use super::remove::remove;
use super::{PrepareError, service};
use crate::config::Settings;
use docker::api::CLEAR;
use host::command::Runner;

/// Beside the engine's folder `swarm`, on the same volume.
const ASIDE: &str = "swarm.aside";

/// Takes the agent's request, and clears the engine's swarm state if it does not start with it and does without.
pub async fn clear_swarm(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    let request = settings.runtime_dir.join(CLEAR);
    match fs::remove_file(&request) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        removed => removed.map_err(|error| PrepareError::file("remove", &request, &error))?,
    }
    let folders = Folders::look(settings, runner).await?;
    let Some((state, aside)) = find(&folders) else {
        return Ok(());
    };
    service::stop(runner).await?;
    restore(&state, &aside)?;
    if service::stays_up(runner).await? {
        tracing::info!("the engine starts: its swarm state is left as it is");
        return Ok(());
    }
    service::stop(runner).await?;
    rename(&state, &aside)?;
    if service::stays_up(runner).await? {
        tracing::warn!(
            "the engine starts without its swarm state, and not with it: the state is removed, and the node joins again"
        );
        return remove(&aside);
    }
    service::stop(runner).await?;
    restore(&state, &aside)?;
    service::start(runner).await?;
    Err(service::refused(
        "start",
        "it does not start without its swarm state either, which is back in its place; the engine's journal says why",
    ))
}

/// What a run that was cut short has left: the engine gets its state back before it starts.
pub(super) async fn finish(folders: &Folders, runner: &impl Runner) -> Result<(), PrepareError> {
    let Some((state, aside)) = find(folders) else {
        return Ok(());
    };
    if !aside.exists() || service::runs(runner).await? {
        return Ok(());
    }
    restore(&state, &aside)
}

/// The engine's swarm state, and where it is put aside, if there is either.
fn find(folders: &Folders) -> Option<(PathBuf, PathBuf)> {
    let both = |state: PathBuf| {
        let aside = state.with_file_name(ASIDE);
        (state, aside)
    };
    let mut all = folders.swarm().into_iter().map(both);
    all.find(|(state, aside)| state.exists() || aside.exists())
}

/// Puts back what was put aside, unless the engine has joined a swarm since.
fn restore(state: &Path, aside: &Path) -> Result<(), PrepareError> {
    if !aside.exists() {
        return Ok(());
    }
    if service::is_member(state) {
        return remove(aside);
    }
    // The engine makes the folder at each start.
    remove(state)?;
    rename(aside, state)
}

fn rename(from: &Path, to: &Path) -> Result<(), PrepareError> {
    fs::rename(from, to).map_err(|error| PrepareError::file("move", from, &error))
}

#[cfg(test)]
#[path = "clear_tests.rs"]
mod tests;
