//! Where the engine keeps its swarm state: by `daemon.json` and by its flags.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::PrepareError;
use super::daemon_json::daemon_json;
use crate::config::Settings;
use docker::daemon_flags::DaemonFlags;
use host::command::Runner;

const USUAL: &str = "/var/lib/docker";

/// The engine's settings as they are on this host, from the file and the command line.
pub(super) struct Folders {
    /// The keys of `daemon.json`.
    pub(super) daemon: Map<String, Value>,
    flags: DaemonFlags,
    root: PathBuf,
}

impl Folders {
    pub(super) async fn look(
        settings: &Settings,
        runner: &impl Runner,
    ) -> Result<Self, PrepareError> {
        let flags = DaemonFlags::look(runner, &settings.root).await?;
        let daemon = daemon_json(settings, &flags).read()?;
        // "graph" is its name before 17.05, which engines up to 20.10 take.
        let key = |name: &str| daemon.get(name).and_then(Value::as_str);
        let keys = || key("data-root").or_else(|| key("graph"));
        let data = flags.value("data-root").or_else(keys).unwrap_or(USUAL);
        Ok(Self {
            root: settings.host_path(data),
            daemon,
            flags,
        })
    }

    /// Where the engine's swarm state is.
    pub(super) fn swarm(&self) -> Vec<PathBuf> {
        if self.is_remapped() {
            self.remapped()
        } else {
            vec![self.root.join("swarm")]
        }
    }

    /// All places where a swarm's state is: with another setting the engine would find it again.
    pub(super) fn all_swarms(&self) -> Vec<PathBuf> {
        let usual = std::iter::once(self.root.join("swarm"));
        let all = usual.chain(self.remapped());
        all.filter(|path| path.exists()).collect()
    }

    fn is_remapped(&self) -> bool {
        let key = self.daemon.get("userns-remap").and_then(Value::as_str);
        let user = self.flags.value("userns-remap").or(key);
        user.is_some_and(|user| !user.is_empty())
    }

    /// With `userns-remap` the engine keeps all of it in a folder of its user's and group's numbers.
    fn remapped(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let named = entries.filter(|entry| is_numbers(Path::new(&entry.file_name())));
        named.map(|entry| entry.path().join("swarm")).collect()
    }
}

/// `100000.100000`
fn is_numbers(name: &Path) -> bool {
    let parts = name.to_str().and_then(|name| name.split_once('.'));
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    parts.is_some_and(|(user, group)| is_number(user) && is_number(group))
}
