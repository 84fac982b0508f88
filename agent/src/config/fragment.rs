//! One source's say: everything optional, nothing unknown.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::Ipv4Net;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::duration;
use super::settings::EndpointMode;
use aws::Endpoints;
use protocol::leader::admission::Admission;
use protocol::node::launch::OnFailure;
use protocol::stacks::ResolveImage;
use protocol::{Availability, ClusterName, RecoveryMode, Role};

/// The sections and their keys. The field names are the names in files.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fragment {
    pub(super) node: Node,
    pub(super) aws: Aws,
    pub(super) metadata: Metadata,
    pub(super) engine: Engine,
    pub(super) swarm: Swarm,
    pub(super) departure: Departure,
    pub(super) launch: Launch,
    pub(super) dashboard: Dashboard,
    pub(super) metrics: Metrics,
    pub(super) ready: Ready,
    pub(super) disk: Disk,
    pub(super) log: Log,
    pub(super) state_dir: Option<PathBuf>,
    pub(super) runtime_dir: Option<PathBuf>,
}

/// The sections' names, for the names of environment variables.
pub(super) const SECTIONS: [&str; 12] = [
    "node",
    "aws",
    "metadata",
    "engine",
    "swarm",
    "departure",
    "launch",
    "dashboard",
    "metrics",
    "ready",
    "disk",
    "log",
];

/// The lowest layer, and the reference for what each default is.
pub(super) const DEFAULTS: &str = r#"
state_dir = "/var/lib/swarmlet"
runtime_dir = "/run/swarmlet"
[node]
hostname = true
[aws]
ignore_endpoint_urls = false
use_fips = false
use_dualstack = false
parameter_prefix = "/swarmlet"
[metadata]
endpoint_mode = "ipv4"
request_timeout = "1s"
budget = "300s"
[engine]
socket = "/var/run/docker.sock"
install = true
compose = true
avoid = []
[swarm]
autolock = false
subnet_size = 24
claim_patience = "300s"
join_drained = true
admission = "enforce"
manager_availability = "active"
protect_managers = true
tags_refresh = "60s"
stacks_refresh = "60s"
stacks_resolve_image = "changed"
[departure]
rebalance = false
maintenance = true
drain_limit = "15m"
margin = "20s"
hooks = []
[launch]
hook = true
on_failure = "abandon"
[dashboard]
listen = "127.0.0.1:8377"
hosts = []
[disk]
clean = true
high = 85
low = 75
min_age = "10m"
keep = []
[log]
level = "info"
"#;

/// The keys without a default, and what happens while they are not set.
pub(super) const UNSET: [(&str, &str); 22] = [
    ("node.role", "the tag swarm:role"),
    ("node.cluster", "the tag swarm:cluster"),
    ("node.labels", "the tags swarm:label:<key>"),
    ("aws.region", "the instance's own"),
    ("aws.endpoint_url", "AWS's own"),
    ("aws.endpoints", "aws.endpoint_url for all"),
    ("aws.ca_bundle", "the host's authorities"),
    ("aws.http_proxy", "none"),
    ("aws.https_proxy", "none"),
    ("aws.no_proxy", "nobody"),
    (
        "aws.kms_key",
        "the key of the tag swarm:kms-key, else the AWS managed key aws/ssm",
    ),
    ("metadata.endpoint", "the usual address of endpoint_mode"),
    ("engine.packages", "the distribution's usual ones"),
    ("swarm.address_pool", "chosen clear of the VPC"),
    (
        "swarm.recovery",
        "auto with less than three managers, else ask",
    ),
    ("swarm.data_path_port", "Docker's own, 4789"),
    ("swarm.rotate_tokens_every", "never"),
    (
        "departure.traffic_wait",
        "90s where ready.listen is set, else 0s",
    ),
    (
        "launch.budget",
        "as long as the group's launching hook waits, less a minute",
    ),
    ("dashboard.credentials", "a password that it makes"),
    ("metrics.listen", "only the socket in runtime_dir"),
    ("ready.listen", "no health check is answered"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Node {
    pub(super) role: Option<Role>,
    pub(super) cluster: Option<ClusterName>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) hostname: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Aws {
    pub(super) region: Option<String>,
    pub(super) endpoint_url: Option<String>,
    pub(super) endpoints: Endpoints,
    pub(super) ignore_endpoint_urls: Option<bool>,
    pub(super) use_fips: Option<bool>,
    pub(super) use_dualstack: Option<bool>,
    pub(super) ca_bundle: Option<PathBuf>,
    pub(super) http_proxy: Option<SecretString>,
    pub(super) https_proxy: Option<SecretString>,
    pub(super) no_proxy: Option<String>,
    pub(super) parameter_prefix: Option<String>,
    pub(super) kms_key: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Metadata {
    pub(super) endpoint: Option<String>,
    pub(super) endpoint_mode: Option<EndpointMode>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) request_timeout: Option<Duration>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) budget: Option<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Engine {
    pub(super) socket: Option<PathBuf>,
    pub(super) install: Option<bool>,
    pub(super) compose: Option<bool>,
    pub(super) packages: Option<Vec<String>>,
    pub(super) avoid: Option<Vec<Ipv4Net>>,
    pub(super) daemon: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Swarm {
    pub(super) address_pool: Option<Ipv4Net>,
    pub(super) subnet_size: Option<u8>,
    pub(super) data_path_port: Option<u16>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) claim_patience: Option<Duration>,
    pub(super) recovery: Option<RecoveryMode>,
    pub(super) autolock: Option<bool>,
    pub(super) join_drained: Option<bool>,
    pub(super) admission: Option<Admission>,
    pub(super) manager_availability: Option<Availability>,
    pub(super) protect_managers: Option<bool>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) tags_refresh: Option<Duration>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) stacks_refresh: Option<Duration>,
    pub(super) stacks_resolve_image: Option<ResolveImage>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) rotate_tokens_every: Option<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Departure {
    pub(super) rebalance: Option<bool>,
    pub(super) maintenance: Option<bool>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) drain_limit: Option<Duration>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) margin: Option<Duration>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) traffic_wait: Option<Duration>,
    pub(super) hooks: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Launch {
    pub(super) hook: Option<bool>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) budget: Option<Duration>,
    pub(super) on_failure: Option<OnFailure>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dashboard {
    pub(super) listen: Option<SocketAddr>,
    pub(super) credentials: Option<PathBuf>,
    pub(super) hosts: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Metrics {
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ready {
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Disk {
    pub(super) clean: Option<bool>,
    pub(super) high: Option<u8>,
    pub(super) low: Option<u8>,
    #[serde(deserialize_with = "duration::optional")]
    pub(super) min_age: Option<Duration>,
    pub(super) keep: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) level: Option<String>,
}
