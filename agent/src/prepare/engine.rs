//! What goes into the engine's settings file.

use ipnet::Ipv4Net;
use serde_json::{Map, Value};

use super::PrepareError;
use super::daemon_json::daemon_json;
use super::labels;
use super::refusal::{self, Verdict};
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use docker::daemon_flags::DaemonFlags;
use docker::daemon_json::Wanted;
use docker::{pools, routes};
use host::command::Runner;

/// Settles `daemon.json`; what became of it.
pub(super) async fn configure(
    node: &InstanceIdentity,
    vpc_cidrs: &[Ipv4Net],
    settings: &Settings,
    runner: &impl Runner,
) -> Result<Verdict, PrepareError> {
    let (flags, moved) = labels::moved(settings, runner).await?;
    let file = daemon_json(settings, &flags);
    let wanted = Wanted {
        extra: settings.engine.daemon.clone(),
        labels: node.labels.clone(),
        instance_id: node.instance_id.clone(),
        local_pool: local_pool(vpc_cidrs, settings, &file.read()?, &flags),
        flags: &flags,
        moved,
    };
    let plan = file.plan(wanted)?;
    let verdict = refusal::judge(&plan, &file, &flags, settings, runner).await?;
    if matches!(verdict, Verdict::Refused(_)) {
        return Ok(verdict);
    }
    if file.settle(&plan)? {
        tracing::info!("daemon.json written");
    }
    Ok(verdict)
}

/// Where this host's bridges take their subnets, clear of what is somewhere else and of the swarm's networks.
fn local_pool(
    vpc_cidrs: &[Ipv4Net],
    settings: &Settings,
    daemon: &Map<String, Value>,
    flags: &DaemonFlags,
) -> Option<Ipv4Net> {
    let routes = routes::of_host(&settings.root);
    let elsewhere = [vpc_cidrs, &settings.engine.avoid, &routes].concat();
    let daemon_and_settings = [daemon, &settings.engine.daemon];
    let given = |all| {
        daemon_and_settings
            .map(|keys| pools::given(keys, flags, all))
            .concat()
    };
    let set = settings.swarm.address_pool;
    let overlay = set.or_else(|| pools::overlay_pool(&[elsewhere.clone(), given(true)].concat()));
    let clash = |pool: &Ipv4Net| {
        let taken = elsewhere.iter().find(|block| pools::overlap(pool, block));
        taken.copied()
    };
    if let Some((pool, taken)) = set.and_then(|pool| Some((pool, clash(&pool)?))) {
        tracing::warn!(%pool, %taken, "swarm.address_pool overlaps what is routed elsewhere: leave it out or change it");
    }
    let overlay: Vec<Ipv4Net> = overlay.into_iter().collect();
    let local = pools::local_pool(&[elsewhere, given(false), overlay].concat());
    if local.is_none() {
        tracing::warn!(
            "no address pool for bridges is clear of the VPC, routes and engine.avoid: Docker takes its own"
        );
    }
    local
}
