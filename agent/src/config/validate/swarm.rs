//! The engine, the swarm, and how a node comes and goes.

use std::path::Path;
use std::time::Duration;

use ipnet::Ipv4Net;

use super::{Report, absolute, check};
use crate::config::fragment::{Departure, Engine, Launch, Ready, Swarm};
use crate::config::{DepartureSettings, EngineSettings, LaunchSettings, SwarmSettings};
use protocol::Availability;
use protocol::departure::latch::Rules;

pub(super) fn engine(from: Engine, root: &Path, report: &mut Report) -> Option<EngineSettings> {
    let is_package = |name: &String| name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let packages = from.packages.as_ref();
    let are_packages =
        packages.is_none_or(|names| !names.is_empty() && names.iter().all(is_package));
    check(
        are_packages,
        "engine.packages",
        "must be a list of package names, at least one",
        report,
    );
    let avoid = from.avoid?;
    check(
        avoid.iter().all(|range| range.prefix_len() >= 8),
        "engine.avoid",
        "a range must not be wider than a /8",
        report,
    );
    let lives = from.daemon.get("live-restore") == Some(&serde_json::Value::Bool(true));
    check(
        !lives,
        "engine.daemon.live-restore",
        "cannot work with swarm mode: leave it out",
        report,
    );
    Some(EngineSettings {
        socket: absolute("engine.socket", &from.socket?, root, report),
        install: from.install?,
        compose: from.compose?,
        packages: from.packages,
        avoid: avoid.iter().map(Ipv4Net::trunc).collect(),
        daemon: from.daemon,
    })
}

pub(super) fn swarm(from: &Swarm, report: &mut Report) -> Option<SwarmSettings> {
    let subnet_size = from.subnet_size?;
    let longest = from.address_pool.map_or(8, |pool| pool.prefix_len());
    let fits = (longest.max(8)..=29).contains(&subnet_size);
    check(
        fits,
        "swarm.subnet_size",
        "must be a prefix length up to 29, and not shorter than the pool's",
        report,
    );
    let is_port = from
        .data_path_port
        .is_none_or(|port| (1024..=49151).contains(&port));
    check(
        is_port,
        "swarm.data_path_port",
        "must be from 1024 to 49151",
        report,
    );
    let claim_patience = from.claim_patience?;
    let patient = claim_patience >= Duration::from_secs(10);
    check(
        patient,
        "swarm.claim_patience",
        "must be 10 s or longer: a claimant needs time to form its swarm",
        report,
    );
    let manager_availability = from.manager_availability?;
    check(
        manager_availability != Availability::Pause,
        "swarm.manager_availability",
        "must be \"active\" or \"drain\"",
        report,
    );
    let tags_refresh = from.tags_refresh?;
    check(
        tags_refresh >= Duration::from_secs(10),
        "swarm.tags_refresh",
        "must be 10 s or longer: EC2 is asked about every node once in this time",
        report,
    );
    let stacks_refresh = from.stacks_refresh?;
    check(
        stacks_refresh >= Duration::from_secs(10),
        "swarm.stacks_refresh",
        "must be 10 s or longer: Parameter Store is asked for all stacks once in this time",
        report,
    );
    let seldom = |every| every >= Duration::from_hours(1);
    check(
        from.rotate_tokens_every.is_none_or(seldom),
        "swarm.rotate_tokens_every",
        "must be an hour or longer: write \"12h\" or \"7d\"",
        report,
    );
    Some(SwarmSettings {
        address_pool: from.address_pool.map(|pool| pool.trunc()),
        subnet_size,
        data_path_port: from.data_path_port,
        claim_patience,
        recovery: from.recovery,
        autolock: from.autolock?,
        join_drained: from.join_drained?,
        admission: from.admission?,
        manager_availability,
        protect_managers: from.protect_managers?,
        tags_refresh,
        stacks_refresh,
        stacks_resolve_image: from.stacks_resolve_image?,
        rotate_tokens_every: from.rotate_tokens_every,
    })
}

/// How long a departing node whose health is checked stays for traffic, where that is not set: AWS's target groups check every
/// 30 s and count two failures, if they are not told otherwise, and what was sent until then takes some time yet.
const TRAFFIC_WAIT: Duration = Duration::from_secs(90);

pub(super) fn departure(
    from: Departure,
    ready: &Ready,
    report: &mut Report,
) -> Option<DepartureSettings> {
    let usual = ready.listen.map_or(Duration::ZERO, |_| TRAFFIC_WAIT);
    let drain_limit = from.drain_limit?;
    let rules = Rules {
        rebalance: from.rebalance?,
        maintenance: from.maintenance?,
        drain_limit,
        margin: from.margin?,
        traffic_wait: from.traffic_wait.unwrap_or(usual.min(drain_limit)),
    };
    check(
        rules.drain_limit >= Duration::from_secs(30),
        "departure.drain_limit",
        "must be 30 s or longer: managers learn of a departure after 20 s",
        report,
    );
    check(
        rules.margin <= Duration::from_secs(90),
        "departure.margin",
        "must be 90 s or shorter: spot gives two minutes",
        report,
    );
    check(
        rules.traffic_wait <= rules.drain_limit,
        "departure.traffic_wait",
        "must not be longer than departure.drain_limit, which ends it",
        report,
    );
    check(
        from.hooks.iter().all(|name| !name.trim().is_empty()),
        "departure.hooks",
        "must be names of lifecycle hooks",
        report,
    );
    Some(DepartureSettings {
        rules,
        hooks: from.hooks,
    })
}

pub(super) fn launch(from: &Launch, report: &mut Report) -> Option<LaunchSettings> {
    let budget = from.budget;
    check(
        budget.is_none_or(|budget| budget >= Duration::from_mins(1)),
        "launch.budget",
        "must be 60 s or longer: an instance needs time to boot and join",
        report,
    );
    Some(LaunchSettings {
        hook: from.hook?,
        budget,
        on_failure: from.on_failure?,
    })
}
