//! Removes what belongs to another instance.
//!
//! An image made of a live node, or a restored volume, brings that node's swarm certificate
//! along. Two engines with one certificate harm the swarm, so it goes before the engine starts.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::PrepareError;
use super::clear;
use super::daemon_json::RECORD;
use super::folders::Folders;
use super::packages::TRIED;
use super::refusal::REFUSED;
use super::remove::remove;
use super::service;
use crate::config::Settings;
use docker::daemon_json::labelled_instance;
use host::command::Runner;
use host::state_folder::MEMBERSHIP;

/// As much of the agent's membership as is of use here.
#[derive(Deserialize)]
struct Mark {
    instance_id: String,
}

/// Removes the swarm state and the agent's memory of another instance, if there are any.
pub(super) async fn evict(
    instance_id: &str,
    settings: &Settings,
    runner: &impl Runner,
) -> Result<(), PrepareError> {
    let folders = Folders::look(settings, runner).await?;
    clear::finish(&folders, runner).await?;
    let swarms = folders.all_swarms();
    let labelled = || {
        labelled_instance(&folders.daemon)
            .filter(|_| !swarms.is_empty())
            .map(str::to_owned)
    };
    let owner = remembered(&settings.state_dir).or_else(labelled);
    let Some(other) = owner.filter(|owner| *owner != instance_id) else {
        return Ok(());
    };
    tracing::warn!(
        other,
        "the swarm state on this disk belongs to another instance (a copied image or volume): removing it"
    );
    service::stop(runner).await?;
    for swarm in &swarms {
        remove(swarm)?;
    }
    for path in memories(&settings.state_dir)? {
        remove(&path)?;
    }
    // Last: until the rest is gone, it tells a run after a crash that something is left to do.
    remove(&settings.state_dir.join(MEMBERSHIP))
}

/// The instance that the agent's memory names. A damaged memory names nobody: the agent says so.
pub(super) fn remembered(state_dir: &Path) -> Option<String> {
    let text = fs::read(state_dir.join(MEMBERSHIP)).ok()?;
    let mark: Mark = serde_json::from_slice(&text).ok()?;
    Some(mark.instance_id)
}

/// Everything in the state folder but what is still needed, and what is true of the image.
fn memories(state_dir: &Path) -> Result<Vec<std::path::PathBuf>, PrepareError> {
    let entries = match fs::read_dir(state_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(PrepareError::file("read", state_dir, &error)),
    };
    let kept = [MEMBERSHIP, RECORD, REFUSED, TRIED];
    let others = entries
        .flatten()
        .filter(|entry| !kept.iter().any(|name| entry.file_name() == *name));
    Ok(others.map(|entry| entry.path()).collect())
}
