//! The engine's `daemon.json`: the user's keys stay, ours are added.
//!
//! What was added is recorded, so that a later merge can change or withdraw it without ever
//! touching a key that the user wrote.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::DEPARTING_LABEL;
use crate::file;

mod labels;

use labels::has_key;
pub use labels::labelled_instance;

type Keys = Map<String, Value>;

/// Why `daemon.json` could not be settled.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum DaemonJsonError {
    /// It is there and is not a JSON object. It is left as it is.
    #[error("cannot read {path}: {cause}; mend or remove the file")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// It asks for something that excludes swarm mode.
    #[error("cannot use {0}: \"live-restore\" does not work with swarm mode; remove that key")]
    LiveRestore(String),
    /// The disk.
    #[error("cannot {verb} {path}: {cause}")]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        cause: String,
    },
}

impl DaemonJsonError {
    /// Whether a person has to change the file.
    pub fn is_terminal(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }
}

/// The file, and the record of what was added to it.
#[derive(Clone, Debug)]
pub struct DaemonJson {
    path: PathBuf,
    record: PathBuf,
}

impl DaemonJson {
    /// The file at `path`; additions are recorded in the file `record`.
    pub fn new(path: PathBuf, record: PathBuf) -> Self {
        Self {
            path: fs::canonicalize(&path).unwrap_or(path),
            record,
        }
    }

    /// What the file says now.
    pub fn read(&self) -> Result<Keys, DaemonJsonError> {
        let keys = read(&self.path)?;
        match keys.get("live-restore") {
            Some(Value::Bool(true)) => Err(DaemonJsonError::LiveRestore(
                self.path.display().to_string(),
            )),
            _ => Ok(keys),
        }
    }

    /// Sets or takes away the engine label that says until when this node departs; nothing else
    /// is touched. Whether that changed the file.
    pub fn announce(&self, deadline: Option<u64>) -> Result<bool, DaemonJsonError> {
        let current = self.read()?;
        let mut settled = current.clone();
        let labels = settled
            .entry("labels")
            .or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(labels) = labels else {
            return Err(DaemonJsonError::Invalid {
                path: self.path.display().to_string(),
                cause: "\"labels\" is no list".to_owned(),
            });
        };
        labels.retain(|label| !has_key(label, DEPARTING_LABEL));
        if let Some(deadline) = deadline {
            labels.push(Value::String(format!("{DEPARTING_LABEL}={deadline}")));
        }
        if settled == current {
            return Ok(false);
        }
        write(&self.path, &settled)?;
        Ok(true)
    }

    /// Adds `wanted` where the user has not said otherwise; whether that changed the file.
    pub fn settle(&self, wanted: Wanted) -> Result<bool, DaemonJsonError> {
        let current = self.read()?;
        // A damaged record only means that earlier additions count as the user's.
        let recorded = read(&self.record).unwrap_or_default();
        let (settled, added) = merge(&current, wanted, &recorded);
        if added != recorded {
            write(&self.record, &added)?;
        }
        if settled == current {
            return Ok(false);
        }
        write(&self.path, &settled)?;
        Ok(true)
    }
}

/// What this node's engine should be set to.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Keys from our own settings; they come before our defaults.
    pub extra: Keys,
    /// Labels from our own settings, which come after those in `extra`.
    pub labels: BTreeMap<String, String>,
    /// The instance's id, for the engine's labels.
    pub instance_id: String,
    /// Where bridges take their subnets.
    pub local_pool: Ipv4Net,
}

/// The settled keys, and those of them that were added.
fn merge(current: &Keys, wanted: Wanted, recorded: &Keys) -> (Keys, Keys) {
    let is_users =
        |key: &String, value: &Value| key == "labels" || recorded.get(key) != Some(value);
    let mut settled: Keys = current
        .iter()
        .filter(|(key, value)| is_users(key, value))
        .map(owned)
        .collect();
    let labels = labels::settle(&settled, &wanted, recorded);
    let mut extra = wanted.extra;
    extra.remove("labels");
    let mut added: Keys = extra
        .into_iter()
        .filter(|(key, _)| !settled.contains_key(key))
        .collect();
    for group in defaults(wanted.local_pool) {
        if !group
            .keys()
            .any(|key| settled.contains_key(key) || added.contains_key(key))
        {
            added.extend(group);
        }
    }
    settled.extend(added.iter().map(owned));
    settled.insert("labels".to_owned(), labels.all);
    if !labels.added.is_empty() {
        added.insert("labels".to_owned(), Value::Array(labels.added));
    }
    (settled, added)
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// Our defaults. A group stands or falls as one: options belong to their driver.
fn defaults(local_pool: Ipv4Net) -> [Keys; 2] {
    let logs = json!({"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}});
    let size = local_pool.prefix_len().max(24);
    let pools = json!({"default-address-pools": [{"base": local_pool, "size": size}]});
    [logs, pools].map(|group| match group {
        Value::Object(keys) => keys,
        _ => Keys::new(),
    })
}

fn read(path: &Path) -> Result<Keys, DaemonJsonError> {
    let shown = || path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keys::new()),
        Err(error) => {
            return Err(DaemonJsonError::Io {
                verb: "read",
                path: shown(),
                cause: error.to_string(),
            });
        }
    };
    if text.trim().is_empty() {
        return Ok(Keys::new());
    }
    serde_json::from_str(&text).map_err(|error| DaemonJsonError::Invalid {
        path: shown(),
        cause: error.to_string(),
    })
}

fn write(path: &Path, keys: &Keys) -> Result<(), DaemonJsonError> {
    let failed = |cause: std::io::Error| DaemonJsonError::Io {
        verb: "write",
        path: path.display().to_string(),
        cause: cause.to_string(),
    };
    let text = format!("{:#}\n", Value::Object(keys.clone()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    file::replace(path, text.as_bytes(), 0o644).map_err(failed)
}

#[cfg(test)]
#[path = "daemon_json_tests.rs"]
mod tests;
