//! From merged fragments to settings: what types alone cannot say.

mod aws;
mod disk;
mod serve;
mod swarm;
mod url;
mod ways;

use std::path::{Path, PathBuf};

use tracing_subscriber::filter::Targets;

use super::fragment::{Fragment, Node};
use super::settings::under;
use super::{Flags, LogSettings, NodeSettings, Settings};

/// Takes a key and what is wrong with its value.
type Report<'a> = dyn FnMut(&str, &str) + 'a;

/// The settings; `None` if a default is missing. Everything that is wrong goes to `report`.
pub(super) fn settings(
    from: Fragment,
    root: &Path,
    flags: &Flags,
    report: &mut Report,
) -> Option<Settings> {
    let level = from.log.level?;
    check(
        level.parse::<Targets>().is_ok(),
        "log.level",
        "is no level: use error, warn, info, debug or trace",
        report,
    );
    Some(Settings {
        node: node(from.node, flags, report)?,
        aws: aws::aws(from.aws, report)?,
        metadata: aws::metadata(from.metadata, report)?,
        engine: swarm::engine(from.engine, root, report)?,
        swarm: swarm::swarm(&from.swarm, report)?,
        departure: swarm::departure(from.departure, &from.ready, report)?,
        launch: swarm::launch(&from.launch, report)?,
        dashboard: serve::dashboard(from.dashboard, root, report)?,
        metrics: serve::metrics(&from.metrics, report),
        ready: serve::ready(&from.ready, report),
        disk: disk::disk(from.disk, report)?,
        log: LogSettings { level },
        state_dir: absolute("state_dir", &from.state_dir?, root, report),
        runtime_dir: absolute("runtime_dir", &from.runtime_dir?, root, report),
        root: root.to_owned(),
    })
}

fn check(is_right: bool, key: &str, cause: &str, report: &mut Report) {
    if !is_right {
        report(key, cause);
    }
}

fn absolute(key: &str, path: &Path, root: &Path, report: &mut Report) -> PathBuf {
    check(
        path.is_absolute(),
        key,
        "is no absolute path: start it with \"/\"",
        report,
    );
    under(root, path)
}

fn node(from: Node, flags: &Flags, report: &mut Report) -> Option<NodeSettings> {
    check(
        from.labels.keys().all(|key| !key.is_empty()),
        "node.labels",
        "a label needs a name",
        report,
    );
    Some(NodeSettings {
        role: from.role,
        cluster: from.cluster,
        labels: from.labels,
        hostname: from.hostname?,
        forced: flags.node.clone(),
    })
}
