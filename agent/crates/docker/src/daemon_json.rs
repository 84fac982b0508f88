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

use super::daemon_flags::DaemonFlags;
use host::file;
use protocol::labels::DEPARTING_LABEL;

mod labels;
mod text;

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
    /// The engine's command line asks for it.
    #[error(
        "cannot use docker.service: it starts the engine with {0}, which does not work with swarm mode; take that flag out"
    )]
    LiveRestoreFlag(String),
    /// The engine's labels are flags that are not the agent's to move, so they cannot be keys.
    #[error(
        "cannot give the engine a label: docker.service starts it with {0}; move its labels to node.labels or daemon.json"
    )]
    LabelFlag(String),
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
    pub fn announce(
        &self,
        deadline: Option<u64>,
        flags: &DaemonFlags,
    ) -> Result<bool, DaemonJsonError> {
        if flags.has("labels") {
            return Err(DaemonJsonError::LabelFlag(flags.place("labels")));
        }
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

    /// Which keys of the file were added. A damaged record says that none were.
    pub fn added(&self) -> Map<String, Value> {
        read(&self.record).unwrap_or_default()
    }

    /// Goes back to an earlier record, as the file goes back to an earlier one.
    pub fn put_back_record(&self, added: &Map<String, Value>) -> Result<(), DaemonJsonError> {
        write(&self.record, added)
    }

    /// Where the file names another instance than this, it names this one.
    pub fn relabel(&self, instance_id: &str) -> Result<(), DaemonJsonError> {
        let mut keys = self.read()?;
        if labelled_instance(&keys).is_some_and(|other| other != instance_id) {
            labels::relabel(&mut keys, instance_id);
            write(&self.path, &keys)?;
        }
        Ok(())
    }

    /// Takes away the labels that were added to the file, and the agent's own.
    pub fn withdraw_labels(&self) -> Result<(), DaemonJsonError> {
        let mut keys = self.read()?;
        labels::withdraw(&mut keys, &read(&self.record).unwrap_or_default());
        write(&self.path, &keys)
    }

    /// The file with `wanted` added where the user has not said otherwise.
    pub fn plan(&self, wanted: Wanted<'_>) -> Result<Plan, DaemonJsonError> {
        if wanted.flags.is_on("live-restore") {
            let place = wanted.flags.place("live-restore");
            return Err(DaemonJsonError::LiveRestoreFlag(place));
        }
        let current = self.read()?;
        // A damaged record only means that earlier additions count as the user's.
        let recorded = read(&self.record).unwrap_or_default();
        let (settled, added) = merge(&current, wanted, &recorded);
        Ok(Plan {
            is_change: settled != current,
            is_news: added != recorded,
            settled,
            added,
        })
    }

    /// Writes a plan; whether that changed the file.
    pub fn settle(&self, plan: &Plan) -> Result<bool, DaemonJsonError> {
        if plan.is_news {
            write(&self.record, &plan.added)?;
        }
        if plan.is_change {
            write(&self.path, &plan.settled)?;
        }
        Ok(plan.is_change)
    }

    /// The keys that were added to the file and are flags by now: with both the engine does not start.
    pub fn in_flags(&self, flags: &DaemonFlags) -> Vec<String> {
        let mut ours = read(&self.record).unwrap_or_default();
        // The instance's own label is in no record.
        ours.insert("labels".to_owned(), Value::Null);
        let here = read(&self.path).unwrap_or_default();
        let keys = ours.into_iter().map(|(key, _)| key);
        keys.filter(|key| flags.has(key) && here.contains_key(key))
            .collect()
    }

    /// Where the file is, behind links.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What the file is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    settled: Keys,
    added: Keys,
    is_change: bool,
    is_news: bool,
}

impl Plan {
    /// Whether it differs from the file.
    pub fn is_change(&self) -> bool {
        self.is_change
    }

    /// The file's text.
    pub fn text(&self) -> String {
        text::written(&self.settled)
    }
}

/// What this node's engine should be set to.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Keys from our own settings; they come before our defaults.
    pub extra: Keys,
    /// Labels from our own settings, which come after those in `extra`.
    pub labels: BTreeMap<String, String>,
    /// The instance's id, for the engine's labels.
    pub instance_id: String,
    /// Where bridges take their subnets; none where no pool is clear.
    pub local_pool: Option<Ipv4Net>,
    /// The engine's flags: what stands there must not stand in the file.
    pub flags: &'a DaemonFlags,
    /// Labels that were flags and are none any more; they come before those of our settings.
    pub moved: Vec<String>,
}

/// The settled keys, and those of them that were added.
fn merge(current: &Keys, wanted: Wanted<'_>, recorded: &Keys) -> (Keys, Keys) {
    let is_users =
        |key: &String, value: &Value| key == "labels" || recorded.get(key) != Some(value);
    let mut settled: Keys = current
        .iter()
        .filter(|(key, value)| is_users(key, value))
        .map(owned)
        .collect();
    let labels = labels::settle(&settled, &wanted, recorded);
    let flags = wanted.flags;
    let mut extra = without_flags(wanted.extra, flags);
    extra.remove("labels");
    let mut added: Keys = extra
        .into_iter()
        .filter(|(key, _)| !settled.contains_key(key))
        .collect();
    for group in defaults(wanted.local_pool) {
        let is_said =
            |key: &String| settled.contains_key(key) || added.contains_key(key) || flags.has(key);
        if !group.keys().any(is_said) {
            added.extend(group);
        }
    }
    settled.extend(added.iter().map(owned));
    match labels.all {
        Some(all) => drop(settled.insert("labels".to_owned(), all)),
        None => drop(settled.remove("labels")),
    }
    if !labels.added.is_empty() {
        added.insert("labels".to_owned(), Value::Array(labels.added));
    }
    (settled, added)
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// Keys of our settings that are no flags. The engine looks into `proxies` as well: its keys are flags of their own.
fn without_flags(mut extra: Keys, flags: &DaemonFlags) -> Keys {
    let left_out = |key: &String| {
        let is_flag = flags.has(key);
        if is_flag {
            let flag = flags.place(key);
            tracing::warn!(
                "engine.daemon.{key} is left out of daemon.json: the engine is started with {flag}"
            );
        }
        is_flag
    };
    extra.retain(|key, _| key == "labels" || !left_out(key));
    if let Some(Value::Object(proxies)) = extra.get_mut("proxies") {
        proxies.retain(|key, _| !left_out(key));
    }
    extra
}

/// Our defaults. A group stands or falls as one: options belong to their driver.
fn defaults(local_pool: Option<Ipv4Net>) -> impl Iterator<Item = Keys> {
    let logs = json!({"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}});
    let pools = local_pool.map(|pool| {
        let size = pool.prefix_len().max(24);
        json!({"default-address-pools": [{"base": pool, "size": size}]})
    });
    let groups = std::iter::once(logs).chain(pools);
    groups.filter_map(|group| match group {
        Value::Object(keys) => Some(keys),
        _ => None,
    })
}

fn read(path: &Path) -> Result<Keys, DaemonJsonError> {
    let shown = || path.display().to_string();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keys::new()),
        Err(error) => {
            return Err(DaemonJsonError::Io {
                verb: "read",
                path: shown(),
                cause: error.to_string(),
            });
        }
    };
    text::keys(&bytes).map_err(|cause| DaemonJsonError::Invalid {
        path: shown(),
        cause,
    })
}

fn write(path: &Path, keys: &Keys) -> Result<(), DaemonJsonError> {
    let failed = |cause: std::io::Error| DaemonJsonError::Io {
        verb: "write",
        path: path.display().to_string(),
        cause: cause.to_string(),
    };
    let text = text::written(keys);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    file::replace(path, text.as_bytes(), 0o644).map_err(failed)
}

#[cfg(test)]
#[path = "daemon_json_tests.rs"]
mod tests;
