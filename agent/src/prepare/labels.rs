//! Labels that the engine is given by flags, moved into `daemon.json`.
//!
//! The agent's own labels tell the managers which instance a node is and that it departs. They have to be changed while
//! the engine runs, so they are keys of `daemon.json`; and the engine does not start where labels are flags as well. A
//! drop-in below `/run`, so for this boot only, starts it with the same flags but for labels, which become keys.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::PrepareError;
use super::daemon_json::{RECORD, daemon_json};
use super::refusal;
use crate::config::Settings;
use docker::daemon_flags::{DaemonFlags, SERVICE};
use host::command::{Command, Runner};
use host::file;

/// By its name it comes after all that a person is likely to have.
const DROP_IN: &str = "/run/systemd/system/docker.service.d/zz-swarmlet-labels.conf";

/// The engine's flags, and the labels that are none of them any more.
pub(super) async fn moved(
    settings: &Settings,
    runner: &impl Runner,
) -> Result<(DaemonFlags, Vec<String>), PrepareError> {
    let flags = written_by_people(settings, runner).await?;
    if !flags.has("labels") {
        return Ok((flags, Vec::new()));
    }
    let labels: Vec<String> = flags.values("labels").map(str::to_owned).collect();
    if flags.is_direct() {
        put(settings, &flags.command_without("labels"))?;
        reload(runner).await?;
        let after = DaemonFlags::look(runner, &settings.root).await?;
        if !after.has("labels") {
            let flag = flags.place("labels");
            tracing::info!("the engine's labels are moved to daemon.json: {flag}");
            return Ok((after, labels));
        }
        give_back(settings, runner).await?;
    }
    let flag = flags.place("labels");
    tracing::warn!(
        "the engine gets no label of the agent's, so the managers give this node no tasks: docker.service starts it with \
         {flag}; move its labels to node.labels or daemon.json"
    );
    Ok((flags, Vec::new()))
}

/// What the file of an earlier boot needs to start with, before this node knows itself, which may take long or fail: where
/// labels were moved then, they are again.
pub(super) async fn as_before(
    settings: &Settings,
    runner: &impl Runner,
) -> Result<(), PrepareError> {
    let keys = refusal::read::<Map<String, Value>>(settings, RECORD).unwrap_or_default();
    if keys.contains_key("labels") && !path(settings).exists() {
        let flags = DaemonFlags::look(runner, &settings.root).await?;
        if flags.has("labels") && flags.is_direct() {
            put(settings, &flags.command_without("labels"))?;
            reload(runner).await?;
        }
    }
    Ok(())
}

/// Nobody will move the labels at the next boot: they are flags again, and those of the agent's and its settings go.
pub async fn withdraw(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    if !path(settings).exists() {
        return Ok(());
    }
    let flags = DaemonFlags::look(runner, &settings.root).await?;
    daemon_json(settings, &flags).withdraw_labels()?;
    give_back(settings, runner).await
}

/// The labels are flags again.
pub(super) async fn give_back(
    settings: &Settings,
    runner: &impl Runner,
) -> Result<(), PrepareError> {
    if remove(settings)? {
        reload(runner).await?;
    }
    Ok(())
}

/// The flags without what an earlier run of this boot made of them.
async fn written_by_people(
    settings: &Settings,
    runner: &impl Runner,
) -> Result<DaemonFlags, PrepareError> {
    give_back(settings, runner).await?;
    Ok(DaemonFlags::look(runner, &settings.root).await?)
}

fn path(settings: &Settings) -> PathBuf {
    settings.host_path(DROP_IN)
}

/// Whether there was one.
fn remove(settings: &Settings) -> Result<bool, PrepareError> {
    let path = path(settings);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(PrepareError::file("remove", &path, &error)),
    }
}

/// Others may not read it: flags can come from a file that they may not read either.
fn put(settings: &Settings, words: &[String]) -> Result<(), PrepareError> {
    let path = path(settings);
    let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let text = format!(
        "# Written by swarmlet at each boot: labels are in daemon.json, where they can be changed.\n\
         [Service]\nExecStart=\nExecStart={}\n",
        command.join(" ")
    );
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| PrepareError::file("make", folder, &error))?;
    }
    file::replace(&path, text.as_bytes(), 0o600)
        .map_err(|error| PrepareError::file("write", &path, &error))
}

/// A word that systemd takes as it is (systemd.service(5), "Command lines").
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '$' | '%' => quoted.extend([c, c]),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

async fn reload(runner: &impl Runner) -> Result<(), PrepareError> {
    let output = runner
        .run(&Command::new(["systemctl", "daemon-reload"]))
        .await?;
    if output.is_success() {
        return Ok(());
    }
    Err(PrepareError::Service {
        verb: "reload",
        unit: SERVICE,
        cause: output.complaint(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_systemd() {
        for (word, expected) in [
            ("--label=a b", "\"--label=a b\""),
            ("50%", "\"50%%\""),
            ("$x", "\"$$x\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
