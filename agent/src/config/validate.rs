//! From merged fragments to settings: what types alone cannot say.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::filter::Targets;

use super::fragment::{
    Aws, Dashboard, Departure, Engine, Fragment, Launch, Metadata, Metrics, Node, Swarm,
};
use super::redact::has_credentials;
use super::settings::under;
use super::{
    AwsSettings, DashboardSettings, DepartureSettings, EngineSettings, Flags, LaunchSettings,
    LogSettings, MetadataSettings, MetricsSettings, NodeSettings, Settings, SwarmSettings,
};
use crate::swarm::Availability;
use crate::swarm::latch::Rules;

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
        aws: aws(from.aws, report)?,
        metadata: metadata(from.metadata, report)?,
        engine: engine(from.engine, root, report)?,
        swarm: swarm(&from.swarm, report)?,
        departure: departure(from.departure, report)?,
        launch: launch(&from.launch, report)?,
        dashboard: dashboard(from.dashboard, root, report)?,
        metrics: metrics(&from.metrics, report),
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

fn aws(from: Aws, report: &mut Report) -> Option<AwsSettings> {
    let parameter_prefix = from.parameter_prefix?;
    check(
        is_prefix(&parameter_prefix),
        "aws.parameter_prefix",
        PREFIX_RULE,
        report,
    );
    if let Some(region) = &from.region {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_region = !region.is_empty() && region.chars().all(allowed);
        check(
            is_region,
            "aws.region",
            "is no region name: write it like \"us-east-1\"",
            report,
        );
    }
    if let Some(url) = &from.endpoint_url {
        check(
            is_url(url, &["http://", "https://"]),
            "aws.endpoint_url",
            URL_RULE,
            report,
        );
    }
    if let Some(key) = &from.kms_key {
        let plain = key.replace("{cluster}", "");
        let is_key = !key.is_empty() && !plain.contains(['{', '}', ' ']);
        check(
            is_key,
            "aws.kms_key",
            "is no key id, alias or ARN; only {cluster} is replaced in it",
            report,
        );
    }
    Some(AwsSettings {
        region: from.region,
        endpoint_url: from.endpoint_url,
        parameter_prefix,
        kms_key: from.kms_key,
    })
}

const PREFIX_RULE: &str = "is no parameter path: start it with \"/\", end it with a name of letters, digits, \
                           \"-\", \"_\" and \".\", and not with /aws or /ssm first";
const URL_RULE: &str =
    "is no address this can be: write http://host:port, without user, password or spaces";

fn is_prefix(prefix: &str) -> bool {
    let is_word = |word: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !word.is_empty() && word.chars().all(allowed)
    };
    let Some(names) = prefix.strip_prefix('/') else {
        return false;
    };
    names.split('/').all(is_word) && !names.starts_with("aws") && !names.starts_with("ssm")
}

fn is_url(url: &str, schemes: &[&str]) -> bool {
    let host = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    host.is_some_and(|host| {
        !host.is_empty() && !host.starts_with('/') && !url.contains(char::is_whitespace)
    }) && !has_credentials(url)
}

fn metadata(from: Metadata, report: &mut Report) -> Option<MetadataSettings> {
    let (request_timeout, budget) = (from.request_timeout?, from.budget?);
    check(
        request_timeout > Duration::ZERO,
        "metadata.request_timeout",
        "must be longer than nothing",
        report,
    );
    check(
        budget >= request_timeout,
        "metadata.budget",
        "must not be shorter than metadata.request_timeout",
        report,
    );
    if let Some(url) = &from.endpoint {
        check(
            is_url(url, &["http://"]),
            "metadata.endpoint",
            URL_RULE,
            report,
        );
    }
    Some(MetadataSettings {
        endpoint: from.endpoint,
        endpoint_mode: from.endpoint_mode?,
        request_timeout,
        budget,
    })
}

fn engine(from: Engine, root: &Path, report: &mut Report) -> Option<EngineSettings> {
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
        daemon: from.daemon,
    })
}

fn swarm(from: &Swarm, report: &mut Report) -> Option<SwarmSettings> {
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
        manager_availability,
        tags_refresh,
        stacks_refresh,
        rotate_tokens_every: from.rotate_tokens_every,
    })
}

fn departure(from: Departure, report: &mut Report) -> Option<DepartureSettings> {
    let rules = Rules {
        rebalance: from.rebalance?,
        maintenance: from.maintenance?,
        drain_limit: from.drain_limit?,
        margin: from.margin?,
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

fn metrics(from: &Metrics, report: &mut Report) -> MetricsSettings {
    let here = |address: &SocketAddr| address.ip().is_loopback() && address.port() > 0;
    check(
        from.listen.as_ref().is_none_or(here),
        "metrics.listen",
        "must be a port of this host alone, like \"127.0.0.1:9477\": the numbers are not protected",
        report,
    );
    MetricsSettings {
        listen: from.listen,
    }
}

fn launch(from: &Launch, report: &mut Report) -> Option<LaunchSettings> {
    let budget = from.budget?;
    check(
        budget >= Duration::from_mins(1),
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

fn dashboard(from: Dashboard, root: &Path, report: &mut Report) -> Option<DashboardSettings> {
    let listen = from.listen?;
    check(
        listen.ip().is_loopback() || from.credentials.is_some(),
        "dashboard.credentials",
        "must name a file where dashboard.listen is no loopback address: everybody who reaches it would see the swarm",
        report,
    );
    let is_name = |name: &String| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !name.is_empty() && name.chars().all(allowed)
    };
    check(
        from.hosts.iter().all(is_name),
        "dashboard.hosts",
        "must be names of hosts, without ports",
        report,
    );
    let path = from.credentials.as_deref();
    Some(DashboardSettings {
        listen,
        credentials: path.map(|path| absolute("dashboard.credentials", path, root, report)),
        hosts: from.hosts,
    })
}
