//! Everything that a node needs, looked at one by one: `swarmlet doctor`.
//!
//! One file a concern: what it gathers, and what follows from that (pure). Nothing here changes
//! anything, on this host or at AWS.

mod cgroup;
mod clock;
mod disk;
mod engine;
mod entrance;
mod finding;
mod firewall;
mod group;
mod link;
mod metadata;
mod names;
mod networks;
mod permissions;
mod ports;
mod secrets;
pub mod text;
mod units;
mod ways;

use std::time::Duration;

use crate::config::Settings;
use host::command::Host;

pub use finding::{Examination, Finding, Grade};

/// How long one answer of the engine is waited for.
const ENGINE_LIMIT: Duration = Duration::from_secs(3);

/// Looks at everything. Works before the agent ever ran, and while any part is down.
pub async fn examine(settings: &Settings) -> Examination {
    let metadata = metadata::gather(settings);
    let engine = engine::gather(settings, ENGINE_LIMIT);
    let (units, firewall) = (units::gather(&Host), firewall::gather(&Host));
    let entrance = entrance::gather(&Host);
    let (metadata, engine, units, firewall, entrance) =
        tokio::join!(metadata, engine, units, firewall, entrance);
    let node = metadata.node.as_ref().ok();
    let tries = permissions::gather(&metadata, settings).await;
    let reached_by = ways::gather(metadata.aws.as_ref()).await;
    let managers = ports::managers(&tries, &engine, node);
    let reached = ports::gather(&managers, settings.swarm.data_path_port).await;
    let link = link::gather(settings, node);
    let names = names::gather(settings, &engine, ENGINE_LIMIT).await;
    let networks = networks::gather(settings, metadata.vpc_cidrs.clone(), &engine);
    let findings = [
        metadata::findings(&metadata),
        ways::findings(&settings.aws.client, reached_by.as_ref()),
        permissions::findings(&tries),
        secrets::findings(node, tries.ticket.as_ref()),
        group::findings(node, tries.hooks.as_deref()),
        clock::findings(aws::CALLS.clock_offset()),
        units::findings(&units),
        engine::findings(&engine),
        cgroup::findings(cgroup::gather(settings).as_deref()),
        disk::findings(&disk::gather(settings, &engine)),
        link::findings(&link),
        networks::findings(&networks),
        firewall::findings(&firewall),
        ports::findings(&reached),
        names::findings(names.as_deref()),
        entrance::findings(&entrance),
    ];
    Examination::new(findings.concat())
}
