//! What is done when the engine has started, and when it has given up starting.
//!
//! A drop-in of `docker.service` says so. Of a file of ours that the engine does not start with, the one comes back that
//! it started with last; a file that a person wrote is left alone.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::PrepareError;
use super::daemon_json::daemon_json;
use super::labels;
use super::refusal::{self, Earlier, STARTED, WRITTEN, Written};
use super::service;
use crate::config::Settings;
use docker::daemon_flags::DaemonFlags;
use docker::daemon_json::{DaemonJson, labelled_instance};
use host::command::{Command, Runner};
use host::file;
use view::status::engine_trouble::Trouble;

/// Notes what the engine has started with.
pub async fn started(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    let flags = DaemonFlags::look(runner, &settings.root).await?;
    let now = Earlier::read(&daemon_json(settings, &flags))?;
    let noted = refusal::read::<Earlier>(settings, STARTED);
    if now.text.is_some() && noted.as_ref() != Some(&now) {
        refusal::write(settings, STARTED, &now)?;
    }
    let forgotten = Trouble::Down.forget(&settings.runtime_dir);
    forgotten.map_err(|error| PrepareError::file("change", &settings.runtime_dir, &error))
}

/// The engine does not start: says why, and puts back what it started with before where that may help.
pub async fn failed(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    let flags = DaemonFlags::look(runner, &settings.root).await?;
    let file = daemon_json(settings, &flags);
    let cause = cause(&file, &flags, runner).await?;
    refusal::tell(
        Trouble::Down,
        &format!("its last start failed: {cause}"),
        settings,
    )?;
    let now = refusal::read_text(file.path())?;
    let written = refusal::read::<Written>(settings, WRITTEN);
    let ours = written.filter(|written| Some(&written.text) == now.as_ref());
    if ours.is_some() && !file.in_flags(&flags).is_empty() {
        tracing::warn!(
            "the engine's flags have changed, and daemon.json has to follow them: {cause}"
        );
        return service::prepare_again(runner).await;
    }
    let last = refusal::read::<Earlier>(settings, STARTED);
    let Some(ours) = ours else {
        // With what it had before it does not start either: that file was not to blame.
        refusal::forget(settings)?;
        return Err(PrepareError::EngineDown(cause));
    };
    let earlier = last.unwrap_or(ours.before);
    if earlier.text == now {
        return Err(PrepareError::EngineDown(cause));
    }
    put_back(&file, &earlier, settings, runner).await?;
    refusal::refuse(ours.text, cause.clone(), &flags, settings)?;
    service::start_again(runner).await?;
    Err(PrepareError::PutBack(cause))
}

async fn put_back(
    file: &DaemonJson,
    earlier: &Earlier,
    settings: &Settings,
    runner: &impl Runner,
) -> Result<(), PrepareError> {
    let path = file.path();
    let now = file.read()?;
    match &earlier.text {
        Some(text) => file::replace(path, text.as_bytes(), 0o644)
            .map_err(|error| PrepareError::file("write", path, &error))?,
        None => remove(path)?,
    }
    file.put_back_record(&earlier.added)?;
    // The image may have been made of another instance.
    if let Some(own) = labelled_instance(&now) {
        file.relabel(own)?;
    }
    // Labels that were flags are nowhere else then.
    if !file.read()?.contains_key("labels") {
        labels::give_back(settings, runner).await?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), PrepareError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PrepareError::file("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Why the engine did not start: of its settings it says so in one line, of all else in its journal.
async fn cause(
    file: &DaemonJson,
    flags: &DaemonFlags,
    runner: &impl Runner,
) -> Result<String, PrepareError> {
    if let Some(cause) = refusal::complaint(file.path(), flags, runner).await {
        return Ok(cause);
    }
    let journal = "journalctl --no-pager --quiet --since=-5min --output=cat --lines=60 _SYSTEMD_UNIT=docker.service";
    let output = runner.run(&Command::new(journal.split(' '))).await?;
    Ok(last_words(&output.stdout))
}

/// The line that tells most: the last one that speaks of a failure, without time and level.
fn last_words(journal: &str) -> String {
    const TELLING: [&str; 5] = [
        "failed to start",
        "unable to configure",
        "level=fatal",
        "panic: ",
        "unknown flag",
    ];
    let lines = journal
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let tells = |line: &&str| TELLING.iter().any(|words| line.contains(words));
    let last = lines
        .clone()
        .rfind(tells)
        .or_else(|| lines.clone().next_back());
    let line = last.unwrap_or("it says nothing; `systemctl status docker` may");
    let message = line
        .split_once(" msg=")
        .map_or(line, |(_, message)| message);
    message.trim_matches('"').to_owned()
}

#[cfg(test)]
#[path = "mend_tests.rs"]
mod tests;
