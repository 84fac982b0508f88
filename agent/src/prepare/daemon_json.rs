//! The engine's settings file, and the record of which keys in it are ours.

use crate::config::Settings;
use docker::daemon_flags::DaemonFlags;
use docker::daemon_json::DaemonJson;

/// In the state folder: which keys of `daemon.json` are ours.
pub(super) const RECORD: &str = "daemon-keys.json";

/// The file that the engine reads.
pub(super) fn daemon_json(settings: &Settings, flags: &DaemonFlags) -> DaemonJson {
    let path = flags
        .value("config-file")
        .unwrap_or("/etc/docker/daemon.json");
    DaemonJson::new(settings.host_path(path), settings.state_dir.join(RECORD))
}
