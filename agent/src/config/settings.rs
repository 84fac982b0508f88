//! Settings as the rest of the agent sees them: complete and valid.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Deserialize;

use aws::ClientSettings;
use protocol::cleaning;
use protocol::departure::latch::Rules;
use protocol::leader::admission::Admission;
use protocol::node::launch::OnFailure;
use protocol::stacks::ResolveImage;
use protocol::{Availability, ClusterName, RecoveryMode, Role};
use view::dashboard::Listen;

/// Everything that can be set, after all sources were merged and checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// What this node is, where its tags do not say.
    pub node: NodeSettings,
    /// How AWS is reached.
    pub aws: AwsSettings,
    /// How instance metadata is reached.
    pub metadata: MetadataSettings,
    /// The Docker Engine.
    pub engine: EngineSettings,
    /// The swarm.
    pub swarm: SwarmSettings,
    /// How this node leaves.
    pub departure: DepartureSettings,
    /// What its group hears of its launch.
    pub launch: LaunchSettings,
    /// The dashboard.
    pub dashboard: Listen,
    /// Where the agent's numbers can be fetched.
    pub metrics: MetricsSettings,
    /// Where load balancers ask whether the node is to have traffic.
    pub ready: ReadySettings,
    /// What goes from the engine's disk when it is full.
    pub disk: DiskSettings,
    /// What is logged.
    pub log: LogSettings,
    /// What must survive a reboot.
    pub state_dir: PathBuf,
    /// What must not.
    pub runtime_dir: PathBuf,
    /// The folder that stands for `/`; every path of a host file goes through [`Self::host_path`].
    pub root: PathBuf,
}

impl Settings {
    /// Where a file of the host is, given its usual absolute path.
    pub fn host_path(&self, path: impl AsRef<Path>) -> PathBuf {
        under(&self.root, path.as_ref())
    }
}

/// `path`, taken as absolute, below `root`.
pub(super) fn under(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// What this node is. Tags override these; [`Forced`] overrides tags.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeSettings {
    /// The role where the instance has no `swarm:role` tag.
    pub role: Option<Role>,
    /// The cluster where the instance has no `swarm:cluster` tag.
    pub cluster: Option<ClusterName>,
    /// Engine labels; a tag `swarm:label:<key>` overrides the label of that key.
    pub labels: BTreeMap<String, String>,
    /// Whether `prepare` sets the host name.
    pub hostname: bool,
    /// What the command line said.
    pub forced: Forced,
}

/// What the command line says about the node; it overrides even tags.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Forced {
    /// `--role`
    pub role: Option<Role>,
    /// `--cluster`
    pub cluster: Option<ClusterName>,
    /// `--label KEY=VALUE`
    pub labels: BTreeMap<String, String>,
}

/// How AWS is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AwsSettings {
    /// Where its services are, and the ways there.
    pub client: ClientSettings,
    /// What all parameter names start with.
    pub parameter_prefix: String,
    /// The KMS key for secret parameters, `{cluster}` in it not yet replaced: see [`Self::kms_key_for`].
    pub kms_key: Option<String>,
}

impl AwsSettings {
    /// The KMS key that is set for a cluster's secret parameters, if one is.
    pub fn kms_key_for(&self, cluster: &ClusterName) -> Option<String> {
        self.kms_key
            .as_ref()
            .map(|key| key.replace("{cluster}", cluster.as_str()))
    }
}

/// Whether a text can name a KMS key: by its id, an alias or an ARN.
pub fn is_kms_key(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| "{}".contains(c) || c.is_whitespace())
}

/// By which protocol instance metadata is reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointMode {
    /// `http://169.254.169.254`
    #[default]
    #[serde(alias = "IPv4")]
    Ipv4,
    /// `http://[fd00:ec2::254]`
    #[serde(alias = "IPv6")]
    Ipv6,
}

/// How instance metadata is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataSettings {
    /// Its address, where it is not the usual one.
    pub endpoint: Option<String>,
    /// Which of the usual addresses.
    pub endpoint_mode: EndpointMode,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How long to go on asking for one value.
    pub budget: Duration,
}

impl MetadataSettings {
    /// The address to ask.
    pub fn base(&self) -> &str {
        match (&self.endpoint, self.endpoint_mode) {
            (Some(endpoint), _) => endpoint,
            (None, EndpointMode::Ipv4) => "http://169.254.169.254",
            (None, EndpointMode::Ipv6) => "http://[fd00:ec2::254]",
        }
    }
}

/// The Docker Engine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EngineSettings {
    /// The engine's API socket.
    pub socket: PathBuf,
    /// Whether `prepare` installs a missing engine.
    pub install: bool,
    /// Whether it installs a missing Compose plugin.
    pub compose: bool,
    /// Package names instead of the distribution's usual ones.
    pub packages: Option<Vec<String>>,
    /// Address ranges that no network of the engine's and of its swarm may have.
    pub avoid: Vec<Ipv4Net>,
    /// Further keys for the engine's `daemon.json`.
    pub daemon: serde_json::Map<String, serde_json::Value>,
}

/// The swarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SwarmSettings {
    /// Where overlay networks take their subnets; chosen clear of the VPC if not set.
    pub address_pool: Option<Ipv4Net>,
    /// Prefix length of one overlay network's subnet.
    pub subnet_size: u8,
    /// UDP port of the overlay data path; Docker's own (4789) if not set.
    pub data_path_port: Option<u16>,
    /// How long a claim may stay without an outcome before another manager passes it over.
    pub claim_patience: Duration,
    /// Who decides about forcing a new cluster when the majority of the managers is gone for good;
    /// if not set, the agent with less than three managers, a person otherwise.
    pub recovery: Option<RecoveryMode>,
    /// Whether a new swarm encrypts its raft store. The key is kept in Parameter Store.
    pub autolock: bool,
    /// Whether nodes join drained, so that no task lands on them before their labels.
    pub join_drained: bool,
    /// What becomes of nodes that do not belong to the cluster.
    pub admission: Admission,
    /// Whether managers are given tasks: `active` or `drain`.
    pub manager_availability: Availability,
    /// Whether the leader protects managers from scale-in where their group has no terminating hook.
    pub protect_managers: bool,
    /// How often the leader asks EC2 about every node's instance.
    pub tags_refresh: Duration,
    /// How often the leader looks at the sources of stacks.
    pub stacks_refresh: Duration,
    /// Which images are looked up at their registries when a stack is deployed.
    pub stacks_resolve_image: ResolveImage,
    /// How often the leader draws new join tokens; never if not set.
    pub rotate_tokens_every: Option<Duration>,
}

/// How this node leaves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DepartureSettings {
    /// When and for how long.
    pub rules: Rules,
    /// The names of the group's terminating hooks, where it may not be asked for them.
    pub hooks: Vec<String>,
}

/// What the Auto Scaling group hears of this node's launch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LaunchSettings {
    /// Whether it hears anything.
    pub hook: bool,
    /// How long after the agent's first start the node may take to join; as long as the hook waits, less a
    /// minute, if not set.
    pub budget: Option<Duration>,
    /// What it hears when that was not enough.
    pub on_failure: OnFailure,
}

/// Where the agent's numbers can be fetched, beside the socket in the runtime folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetricsSettings {
    /// A port of this host alone; none if not set.
    pub listen: Option<SocketAddr>,
}

/// Where load balancers ask whether the node is to have traffic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadySettings {
    /// An address of this host, and a port that nothing else has; nobody is answered if not set.
    pub listen: Option<SocketAddr>,
}

/// What goes from the engine's disk when it is full.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DiskSettings {
    /// Whether anything does.
    pub clean: bool,
    /// When, and what.
    pub rules: cleaning::Rules,
    /// Names of images that stay.
    pub keep: Vec<String>,
}

/// What is logged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogSettings {
    /// A level (`info`) or filter directives (`info,swarmlet::run=debug`).
    pub level: String,
}
