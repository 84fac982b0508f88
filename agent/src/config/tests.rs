//! Settings from files, environment and flags, in a temporary root.

use aws::Endpoints;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

mod checks;
mod shown;
mod ways;

use super::*;
use protocol::{Availability, Role};

struct Host {
    root: TempDir,
    variables: Vec<(String, String)>,
    flags: Flags,
}

impl Host {
    fn new() -> Self {
        let root = TempDir::new().expect("a temporary folder");
        let flags = Flags {
            root: Some(root.path().to_owned()),
            ..Flags::default()
        };
        Self {
            root,
            variables: Vec::new(),
            flags,
        }
    }

    fn file(self, path: &str, content: &str) -> Self {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, content).expect("a file");
        self
    }

    fn variable(mut self, name: &str, text: &str) -> Self {
        self.variables.push((name.to_owned(), text.to_owned()));
        self
    }

    fn merged(&self) -> Merged {
        Merged::read(&self.flags, &self.variables)
    }

    fn settings(&self) -> Settings {
        self.merged()
            .settings(&self.flags)
            .unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// The errors, one a line, the temporary root left out.
    fn errors(&self) -> String {
        let errors = self
            .merged()
            .settings(&self.flags)
            .expect_err("must not be valid");
        errors
            .to_string()
            .replace(&self.root.path().display().to_string(), "")
    }

    fn shown(&self) -> String {
        let shown = Shown::new(&self.merged().figment).to_string();
        shown.replace(&self.root.path().display().to_string(), "")
    }
}

#[test]
fn the_defaults_are_complete_and_valid() {
    let settings = Settings::default();
    assert_eq!(settings.aws.parameter_prefix, "/swarmlet");
    assert_eq!(settings.aws.kms_key, None);
    assert_eq!(settings.metadata.base(), "http://169.254.169.254");
    assert_eq!(settings.metadata.request_timeout, Duration::from_secs(1));
    assert_eq!(settings.metadata.budget, Duration::from_mins(5));
    assert_eq!(settings.swarm.subnet_size, 24);
    assert_eq!(settings.swarm.claim_patience, Duration::from_mins(5));
    assert!(settings.swarm.join_drained);
    assert_eq!(settings.swarm.manager_availability, Availability::Active);
    assert_eq!(settings.swarm.tags_refresh, Duration::from_mins(1));
    assert_eq!(settings.swarm.stacks_refresh, Duration::from_mins(1));
    assert_eq!(settings.swarm.rotate_tokens_every, None);
    assert_eq!(settings.log.level, "info");
    assert!(settings.engine.install && settings.engine.compose && settings.node.hostname);
}

#[test]
fn paths_are_below_the_root() {
    let host = Host::new();
    let settings = host.settings();
    assert_eq!(
        settings.state_dir,
        host.root.path().join("var/lib/swarmlet")
    );
    assert_eq!(
        settings.engine.socket,
        host.root.path().join("var/run/docker.sock")
    );
    assert_eq!(
        settings.host_path("/etc/hosts"),
        host.root.path().join("etc/hosts")
    );
}

/// Each source sets the level and one label of its own; the later one wins, the labels add up.
#[test]
fn later_sources_override_earlier_ones_key_by_key() {
    let says = |name: &str| {
        format!("[log]\nlevel = '{name}'\n[node.labels]\n{name} = 'x'\nlast = '{name}'\n")
    };
    let sources = [
        ("usr/lib/swarmlet/config.toml", "trace"),
        ("usr/lib/swarmlet/config.d/20.toml", "debug"),
        ("etc/swarmlet/config.toml", "info"),
        ("etc/swarmlet/config.d/10.toml", "warn"),
        ("etc/swarmlet/config.d/9.toml", "error"),
    ];
    let mut host = Host::new();
    for (count, (path, level)) in sources.into_iter().enumerate() {
        host = host.file(path, &says(level));
        let settings = host.settings();
        assert_eq!(settings.log.level, level, "{path}");
        assert_eq!(settings.node.labels["last"], level, "{path}");
        assert_eq!(settings.node.labels.len(), count + 2, "{path}");
    }
    host = host.variable("SWARMLET_LOG_LEVEL", "off");
    assert_eq!(host.settings().log.level, "off");
    host.flags.log_level = Some("swarmlet=debug".to_owned());
    assert_eq!(host.settings().log.level, "swarmlet=debug");
}

#[test]
fn only_toml_files_count_and_folders_may_be_missing() {
    let host = Host::new()
        .file("etc/swarmlet/config.d/10.toml.bak", "nonsense")
        .file("etc/swarmlet/note", "x");
    assert_eq!(host.settings().log.level, "info");
}

#[test]
fn variables_are_typed_by_what_they_set() {
    let host = Host::new()
        .variable("SWARMLET_NODE_CLUSTER", "007")
        .variable("SWARMLET_NODE_ROLE", "worker")
        .variable("SWARMLET_NODE_HOSTNAME", "false")
        .variable("SWARMLET_SWARM_SUBNET_SIZE", "26")
        .variable("SWARMLET_SWARM_ADDRESS_POOL", "172.20.1.1/14")
        .variable("SWARMLET_SWARM_JOIN_DRAINED", "false")
        .variable("SWARMLET_SWARM_MANAGER_AVAILABILITY", "drain")
        .variable("SWARMLET_SWARM_ROTATE_TOKENS_EVERY", "7d")
        .variable("SWARMLET_METADATA_BUDGET", "20s")
        .variable("SWARMLET_METADATA_REQUEST_TIMEOUT", "2")
        .variable("SWARMLET_ENGINE_PACKAGES", "[docker-ce, docker-ce-cli]")
        .variable("SWARMLET_STATE_DIR", "/srv/state")
        .variable("SWARMLET_ROOT", "/elsewhere")
        .variable("SWARMLET_AWS_KMS_KEY", "")
        .variable("HOME", "/root");
    let settings = host.settings();
    assert_eq!(settings.node.cluster.expect("a cluster").as_str(), "007");
    assert_eq!(settings.node.role, Some(Role::Worker));
    assert!(!settings.node.hostname);
    assert_eq!(settings.swarm.subnet_size, 26);
    assert_eq!(settings.swarm.address_pool, "172.20.0.0/14".parse().ok());
    assert!(!settings.swarm.join_drained);
    assert_eq!(settings.swarm.manager_availability, Availability::Drain);
    let week = Duration::from_hours(7 * 24);
    assert_eq!(settings.swarm.rotate_tokens_every, Some(week));
    assert_eq!(settings.metadata.budget, Duration::from_secs(20));
    assert_eq!(settings.metadata.request_timeout, Duration::from_secs(2));
    assert_eq!(
        settings.engine.packages,
        Some(vec!["docker-ce".into(), "docker-ce-cli".into()])
    );
    assert_eq!(settings.state_dir, host.root.path().join("srv/state"));
    assert_eq!(settings.aws.kms_key, None);
}

#[test]
fn the_standard_aws_variables_count_and_ours_override_them() {
    let host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[aws]\nregion = 'eu-west-1'\nendpoint_url = 'http://file'",
        )
        .variable("AWS_ENDPOINT_URL", "http://10.98.0.1:4566")
        .variable("SWARMLET_AWS_REGION", "eu-north-1")
        .variable("AWS_REGION", "us-east-1")
        .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    let settings = host.settings();
    assert_eq!(
        settings.aws.client.endpoints,
        Endpoints::all("http://10.98.0.1:4566")
    );
    assert_eq!(settings.aws.client.region.as_deref(), Some("eu-north-1"));
    assert_eq!(settings.metadata.base(), "http://[fd00:ec2::254]");
    let host = host.variable(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "http://127.0.0.1:1338/",
    );
    assert_eq!(host.settings().metadata.base(), "http://127.0.0.1:1338/");
}

#[test]
fn flags_are_kept_apart_because_they_override_tags() {
    let mut host = Host::new().file(
        "etc/swarmlet/config.toml",
        "[node]\nrole = 'manager'\ncluster = 'a'\nlabels.x = '1'",
    );
    host.flags.node.role = Some(Role::Worker);
    host.flags.node.labels = BTreeMap::from([("y".to_owned(), "2".to_owned())]);
    let node = host.settings().node;
    assert_eq!(node.forced, host.flags.node);
    assert_eq!(node.role, Some(Role::Worker));
    assert_eq!(node.labels.len(), 2);
}

#[test]
fn the_key_of_a_cluster_is_named_after_it() {
    let cluster = "demo".parse().expect("a name");
    let host = Host::new().file(
        "etc/swarmlet/config.toml",
        "aws.kms_key = 'alias/swarmlet-{cluster}'",
    );
    assert_eq!(
        host.settings().aws.kms_key_for(&cluster).as_deref(),
        Some("alias/swarmlet-demo")
    );
    assert_eq!(Settings::default().aws.kms_key_for(&cluster), None);
}

#[test]
fn extra_engine_keys_keep_their_types() {
    let host = Host::new().file(
        "etc/swarmlet/config.toml",
        "[engine.daemon]\ndebug = true\nmtu = 1400\ndns = ['10.0.0.2']\nlog-opts = { max-size = '5m' }",
    );
    let expected =
        json!({"debug": true, "mtu": 1400, "dns": ["10.0.0.2"], "log-opts": {"max-size": "5m"}});
    assert_eq!(
        serde_json::Value::Object(host.settings().engine.daemon),
        expected
    );
}
