//! The host's name: it is the node's name in the swarm. Decided once for an instance, and then kept.
//!
//! Set through files alone: early in boot there may be no bus to ask for it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::name::{self, Choice};
use super::{PrepareError, clone};
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use host::command::{Command, Runner};
use host::file;

/// In the state folder: the name that was decided on.
const RECORD: &str = "hostname.json";
/// Marks our line in `/etc/hosts`.
const MARK: &str = "# swarmlet";

/// The name of an instance. A copied disk brings along another's.
#[derive(Debug, Deserialize, Serialize)]
struct Decided {
    instance_id: String,
    name: String,
}

/// Gives the host its name; whether that changed it. `is_shared` finds out whether another instance of the
/// cluster has the same `Name`; it is asked at most once in an instance's life.
pub(super) async fn settle(
    node: &InstanceIdentity,
    settings: &Settings,
    runner: &impl Runner,
    is_shared: impl AsyncFnOnce(&InstanceIdentity) -> bool,
) -> Result<bool, PrepareError> {
    let name = match recorded(settings, node) {
        Some(name) => name,
        None => decide(node, settings, is_shared).await?,
    };
    put(&settings.host_path("/etc/hostname"), |_| {
        Some(format!("{name}\n"))
    })?;
    put(&settings.host_path("/etc/hosts"), |hosts| {
        hosts_with(hosts, &name)
    })?;
    let kernel = settings.host_path("/proc/sys/kernel/hostname");
    let current = fs::read_to_string(&kernel).unwrap_or_default();
    if current.trim() == name {
        return Ok(false);
    }
    tracing::info!(name, "setting the host name");
    if fs::write(&kernel, &name).is_err() {
        // Where the kernel's settings are read-only, the system call may still be allowed.
        let output = runner.run(&Command::new(["hostname", &name])).await?;
        if !output.is_success() {
            return Err(PrepareError::file(
                "set the host name in",
                &kernel,
                &output.complaint(),
            ));
        }
    }
    Ok(true)
}

fn record(settings: &Settings) -> PathBuf {
    settings.state_dir.join(RECORD)
}

fn recorded(settings: &Settings, node: &InstanceIdentity) -> Option<String> {
    let text = fs::read(record(settings)).ok()?;
    let decided: Decided = serde_json::from_slice(&text).ok()?;
    // A person may have written another name into it.
    let fits = name::is_whole(&decided.name);
    (decided.instance_id == node.instance_id && fits).then_some(decided.name)
}

/// Decides on a name, and writes it down.
async fn decide(
    node: &InstanceIdentity,
    settings: &Settings,
    is_shared: impl AsyncFnOnce(&InstanceIdentity) -> bool,
) -> Result<String, PrepareError> {
    let name = match (kept(node, settings), name::choose(node)) {
        (Some(name), _) | (None, Choice::Settled(name)) => name,
        (None, Choice::Shared(plain, distinct)) => {
            if is_shared(node).await {
                distinct
            } else {
                plain
            }
        }
    };
    let decided = Decided {
        instance_id: node.instance_id.clone(),
        name,
    };
    let path = record(settings);
    let failed = |error: std::io::Error| PrepareError::file("write", &path, &error);
    let text = serde_json::to_vec(&decided).map_err(|error| failed(error.into()))?;
    fs::create_dir_all(&settings.state_dir).map_err(failed)?;
    // Should a crash undo it, the same facts lead to the same name.
    file::replace_unflushed(&path, &text, 0o600).map_err(failed)?;
    Ok(decided.name)
}

/// A node that was in a swarm under the name that an earlier version gave it keeps that.
fn kept(node: &InstanceIdentity, settings: &Settings) -> Option<String> {
    let member = clone::remembered(&settings.state_dir)?;
    let current = fs::read_to_string(settings.host_path("/etc/hostname")).ok()?;
    let earlier = name::earlier(node);
    (member == node.instance_id && current.trim() == earlier).then_some(earlier)
}

/// Replaces a file if `change` gives it other content.
fn put(path: &Path, change: impl Fn(&str) -> Option<String>) -> Result<(), PrepareError> {
    let current = fs::read_to_string(path).unwrap_or_default();
    match change(&current).filter(|wanted| *wanted != current) {
        None => Ok(()),
        Some(wanted) => file::replace(path, wanted.as_bytes(), 0o644)
            .map_err(|error| PrepareError::file("write", path, &error)),
    }
}

/// `/etc/hosts` with a line for the name; nothing if it has one that is not ours.
fn hosts_with(hosts: &str, name: &str) -> Option<String> {
    let is_ours = |line: &&str| line.ends_with(MARK);
    let names = |line: &str| {
        let entry = line.split('#').next().unwrap_or_default();
        entry.split_whitespace().skip(1).any(|word| word == name)
    };
    if hosts.lines().filter(|line| !is_ours(line)).any(names) {
        return None;
    }
    let mut kept: Vec<&str> = hosts.lines().filter(|line| !is_ours(line)).collect();
    let ours = format!("127.0.1.1 {name} {MARK}");
    kept.push(&ours);
    Some(kept.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stays_resolvable() {
        let ours = "127.0.1.1 web-1 # swarmlet\n";
        for (before, after) in [
            ("", Some(ours.to_owned())),
            (
                "127.0.0.1 localhost\n",
                Some(format!("127.0.0.1 localhost\n{ours}")),
            ),
            (
                "127.0.0.1 localhost",
                Some(format!("127.0.0.1 localhost\n{ours}")),
            ),
            (
                "127.0.1.1 old # swarmlet\n10.0.0.1 db\n",
                Some(format!("10.0.0.1 db\n{ours}")),
            ),
            ("10.0.0.7 web-1.local web-1 # by hand\n", None),
            (
                "# 10.0.0.7 web-1\n",
                Some(format!("# 10.0.0.7 web-1\n{ours}")),
            ),
            (
                "10.0.0.7 web-10\n",
                Some(format!("10.0.0.7 web-10\n{ours}")),
            ),
        ] {
            assert_eq!(hosts_with(before, "web-1"), after, "{before:?}");
        }
        assert_eq!(
            hosts_with(ours, "web-1").as_deref(),
            Some(ours),
            "nothing to change the second time"
        );
    }
}
