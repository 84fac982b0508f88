//! Settings from files, environment and flags, in a temporary root.

use aws::Endpoints;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

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

#[test]
fn every_error_of_every_source_is_listed_at_once() {
    let host = Host::new()
        .file(
            "usr/lib/swarmlet/config.toml",
            "[node]\nrole = 'boss'\nrank = 3\nhostname = 'yes'\n",
        )
        .file(
            "etc/swarmlet/config.toml",
            "[node]\ncluster = 'a b'\n[nodes]\nx = 1\n",
        )
        .file(
            "etc/swarmlet/config.d/1.toml",
            "[swarm]\nsubnet_size = 31\nclaim_patience = 'soon'\n",
        )
        .file("etc/swarmlet/config.d/2.toml", "[log]\nlevel =\n")
        .variable("SWARMLET_SWARM_SUBNET", "24")
        .variable("SWARMLET_SWARM_DATA_PATH_PORT", "80");
    let errors = host.errors();
    let lines: Vec<&str> = errors.lines().map(str::trim).collect();
    assert_eq!(lines[0], "cannot use the settings:");
    for expected in [
        "/usr/lib/swarmlet/config.toml: node.role: unknown variant: found `boss`, expected ``manager` or `worker``",
        "/usr/lib/swarmlet/config.toml: node.rank: unknown field: found `rank`, expected `one of `role`, `cluster`, `labels`, `hostname``",
        "/usr/lib/swarmlet/config.toml: node.hostname: invalid type: found string \"yes\", expected a boolean",
        "/etc/swarmlet/config.toml: node.cluster: \"a b\" is no cluster name: use 1 to 48 letters, digits, \"-\" and \"_\", a letter or a digit first",
        "/etc/swarmlet/config.toml: nodes.x: unknown field: found `nodes`, expected `one of `node`, `aws`, `metadata`, `engine`, `swarm`, `departure`, `launch`, `dashboard`, `metrics`, `log`, `state_dir`, `runtime_dir``",
        "/etc/swarmlet/config.d/1.toml: swarm.subnet_size: must be a prefix length up to 29, and not shorter than the pool's",
        "/etc/swarmlet/config.d/1.toml: swarm.claim_patience: \"soon\" is no length of time: write \"90s\", \"5m\" or \"500ms\"",
        "environment variable SWARMLET_SWARM_SUBNET: swarm.subnet: unknown field: found `subnet`, expected `one of `address_pool`, `subnet_size`, `data_path_port`, `claim_patience`, `recovery`, `autolock`, `join_drained`, `admission`, `manager_availability`, `protect_managers`, `tags_refresh`, `stacks_refresh`, `stacks_resolve_image`, `rotate_tokens_every``",
        "environment variable SWARMLET_SWARM_DATA_PATH_PORT: swarm.data_path_port: must be from 1024 to 49151",
    ] {
        assert!(
            lines.contains(&expected),
            "{expected}\n-- not in --\n{errors}"
        );
    }
    let syntax = lines
        .iter()
        .find(|line| line.starts_with("/etc/swarmlet/config.d/2.toml: line 2: "));
    assert!(syntax.is_some(), "{errors}");
    assert_eq!(lines.len(), 11, "{errors}");
}

#[test]
fn what_types_cannot_say_is_checked() {
    for (toml, key) in [
        ("log.level = '=='", "log.level: is no level"),
        ("state_dir = 'var'", "state_dir: is no absolute path"),
        (
            "engine.socket = 'docker.sock'",
            "engine.socket: is no absolute path",
        ),
        (
            "engine.packages = []",
            "engine.packages: must be a list of package names",
        ),
        (
            "engine.packages = ['--allow-unauthenticated']",
            "engine.packages: must be a list of package names",
        ),
        (
            "engine.daemon.live-restore = true",
            "engine.daemon.live-restore: cannot work with swarm mode",
        ),
        (
            "aws.parameter_prefix = 'swarmlet'",
            "aws.parameter_prefix: is no parameter path",
        ),
        (
            "aws.parameter_prefix = '/swarmlet/'",
            "aws.parameter_prefix: is no parameter path",
        ),
        (
            "aws.parameter_prefix = '/aws/x'",
            "aws.parameter_prefix: is no parameter path",
        ),
        ("aws.region = 'us east'", "aws.region: is no region name"),
        (
            "aws.endpoint_url = 'localhost:4566'",
            "aws.endpoint_url: is no address",
        ),
        (
            "aws.kms_key = 'alias/{Cluster}'",
            "aws.kms_key: is no key id",
        ),
        (
            "metadata.endpoint = 'https://169.254.169.254'",
            "metadata.endpoint: is no address",
        ),
        (
            "metadata.request_timeout = 0",
            "metadata.request_timeout: must be longer than nothing",
        ),
        (
            "metadata.budget = '10ms'",
            "metadata.budget: must not be shorter",
        ),
        (
            "swarm.manager_availability = 'pause'",
            "swarm.manager_availability: must be \"active\" or \"drain\"",
        ),
        (
            "swarm.tags_refresh = '9s'",
            "swarm.tags_refresh: must be 10 s or longer",
        ),
        (
            "swarm.stacks_refresh = '9s'",
            "swarm.stacks_refresh: must be 10 s or longer",
        ),
        (
            "swarm.rotate_tokens_every = '59m'",
            "swarm.rotate_tokens_every: must be an hour or longer",
        ),
        (
            "swarm.claim_patience = '1s'",
            "swarm.claim_patience: must be 10 s or longer",
        ),
        (
            "swarm.address_pool = '172.20.0.0/26'",
            "swarm.subnet_size: must be a prefix length",
        ),
        ("node.labels.'' = 'x'", "node.labels: a label needs a name"),
        (
            "dashboard.listen = '0.0.0.0:8377'",
            "dashboard.credentials: must name a file",
        ),
        (
            "dashboard.listen = '[::]:8377'",
            "dashboard.credentials: must name a file",
        ),
        (
            "dashboard.credentials = 'credentials'",
            "dashboard.credentials: is no absolute path",
        ),
        (
            "dashboard.hosts = ['host:8377']",
            "dashboard.hosts: must be names of hosts",
        ),
    ] {
        let errors = Host::new().file("etc/swarmlet/config.toml", toml).errors();
        assert!(errors.contains(key), "{toml}\n{errors}");
    }
}

#[test]
fn a_dashboard_elsewhere_than_on_loopback_has_credentials() {
    let host = Host::new().file(
        "etc/swarmlet/config.toml",
        "[dashboard]\nlisten = '10.0.1.10:80'\ncredentials = '/etc/c'\nhosts = ['swarm.example.internal']\n",
    );
    let settings = host.settings().dashboard;
    assert_eq!(settings.address, "10.0.1.10:80".parse().unwrap());
    assert_eq!(settings.credentials, Some(host.root.path().join("etc/c")));
    for listen in ["127.0.0.1:80", "127.1.2.3:80", "[::1]:80"] {
        let toml = format!("dashboard.listen = '{listen}'");
        Host::new()
            .file("etc/swarmlet/config.toml", &toml)
            .settings();
    }
}

#[test]
fn an_unreadable_file_is_an_error() {
    let host = Host::new().file("etc/swarmlet/config.toml/x", "");
    assert!(
        host.errors()
            .contains("/etc/swarmlet/config.toml: cannot be read: "),
        "{}",
        host.errors()
    );
}

#[test]
fn no_error_shows_a_credential() {
    let host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[aws]\nendpoint_url = 'http://me:hush@host'\n[metadata]\nbudget = 'http://me:hush@x'",
        )
        .file(
            "etc/swarmlet/config.d/x.toml",
            "[engine.daemon]\nhttp-proxy = http://me:hush@proxy",
        );
    let errors = host.errors();
    assert!(
        errors.contains("aws.endpoint_url: is no address"),
        "{errors}"
    );
    assert!(
        errors.contains("metadata.budget: \"http://[hidden]@x\" is no length"),
        "{errors}"
    );
    assert!(errors.contains("x.toml: line 2: "), "{errors}");
    assert!(!errors.contains("hush"), "{errors}");
}

#[test]
fn show_tells_each_value_its_source_and_hides_credentials() {
    let mut host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[engine.daemon]\ndebug = true\nhttp-proxy = 'http://me:hush@proxy:3128'\n",
        )
        .variable("AWS_ENDPOINT_URL", "http://10.98.0.1:4566");
    host.flags.node.role = Some(Role::Manager);
    let shown = host.shown();
    for line in [
        "state_dir = \"/var/lib/swarmlet\"  # default",
        "endpoint_url = \"http://10.98.0.1:4566\"  # environment variable AWS_ENDPOINT_URL",
        "role = \"manager\"  # command line",
        "# cluster not set: the tag swarm:cluster",
        "# address_pool not set: chosen clear of the VPC",
        "# rotate_tokens_every not set: never",
        "daemon.debug = true  # /etc/swarmlet/config.toml",
        "daemon.http-proxy = \"http://[hidden]@proxy:3128\"  # /etc/swarmlet/config.toml",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line}\n-- not in --\n{shown}"
        );
    }
    assert!(!shown.contains("role not set"), "{shown}");
    assert!(shown.parse::<toml::Table>().is_ok(), "{shown}");
}

const BUNDLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/crates/aws/src/fixtures/authority.pem"
);
/// A file, but none of certificates.
const NO_BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

#[test]
fn the_ways_of_awss_own_tools_are_settings() {
    let host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[aws]\nendpoints.s3 = 'http://s3.file'\nhttps_proxy = 'http://file:1'",
        )
        .variable("AWS_ENDPOINT_URL", "http://all")
        .variable("AWS_ENDPOINT_URL_SSM", "http://ssm")
        .variable("AWS_ENDPOINT_URL_AUTO_SCALING", "http://scaling")
        .variable("AWS_USE_DUALSTACK_ENDPOINT", "FALSE")
        .variable("AWS_CA_BUNDLE", BUNDLE)
        .variable("ALL_PROXY", "http://all:1")
        .variable("HTTPS_PROXY", "http://great:2")
        .variable("https_proxy", "http://me:hush@small:3")
        .variable("NO_PROXY", "10.0.0.0/8,.example.com");
    let aws = host.settings().aws;
    let expected = Endpoints {
        ssm: Some("http://ssm".into()),
        auto_scaling: Some("http://scaling".into()),
        s3: Some("http://s3.file".into()),
        ..Endpoints::all("http://all")
    };
    assert_eq!(aws.client.endpoints, expected);
    assert_eq!(aws.client.ca_bundle, Some(BUNDLE.into()));
    let proxy = |address: &str| {
        let proxy = aws.client.proxies.for_address(&address.parse().unwrap());
        proxy.map(ToString::to_string)
    };
    assert_eq!(proxy("https://ssm").as_deref(), Some("http://small:3"));
    assert_eq!(proxy("http://ssm").as_deref(), Some("http://all:1"));
    assert_eq!(proxy("https://ssm.example.com"), None);
    let shown = host.shown();
    assert!(
        shown.contains(
            "https_proxy = \"http://[hidden]@small:3\"  # environment variable https_proxy"
        ),
        "{shown}"
    );
    assert!(!format!("{shown}{aws:?}").contains("hush"));

    let ignored = host.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let ignored = ignored
        .variable("AWS_USE_FIPS_ENDPOINT", "True")
        .settings()
        .aws;
    assert_eq!(ignored.client.endpoints, Endpoints::default());
    assert!(ignored.client.use_fips);
}

#[test]
fn what_is_wrong_with_a_way_names_its_variable() {
    for (name, text, part) in [
        (
            "AWS_ENDPOINT_URL_SSM",
            "ssm.local",
            "aws.endpoints.ssm: is no address",
        ),
        (
            "AWS_ENDPOINT_URL_S3",
            "http://me:hush@x",
            "aws.endpoints.s3: is no address",
        ),
        ("AWS_USE_FIPS_ENDPOINT", "yes", "aws.use_fips: "),
        (
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "1",
            "aws.ignore_endpoint_urls: ",
        ),
        (
            "AWS_CA_BUNDLE",
            "bundle.pem",
            "aws.ca_bundle: is no absolute path",
        ),
        (
            "AWS_CA_BUNDLE",
            "/none.pem",
            "aws.ca_bundle: cannot read /none.pem",
        ),
        ("AWS_CA_BUNDLE", NO_BUNDLE, "aws.ca_bundle: cannot use /"),
        (
            "HTTPS_PROXY",
            "http://me:hush@proxy:x",
            "aws.https_proxy: is no proxy that can be used",
        ),
        (
            "https_proxy",
            "me:hush@proxy:3128",
            "aws.https_proxy: is no proxy that can be used",
        ),
        (
            "all_proxy",
            "socks5://me:hush@proxy:1080",
            "aws.http_proxy: is no proxy that can be used",
        ),
        (
            "NO_PROXY",
            "a,http://me:hush@b",
            "aws.no_proxy: \"http://[hidden]@b\" is no host",
        ),
    ] {
        let host = Host::new().variable(name, text);
        let errors = host.errors();
        let expected = format!("environment variable {name}: {part}");
        assert!(
            errors.contains(&expected),
            "{expected}\n-- not in --\n{errors}"
        );
        assert!(!errors.contains("hush"), "{errors}");
    }
    let both = Host::new()
        .variable(
            "AWS_ENDPOINT_URL_SSM",
            "https://ssm-fips.us-east-1.amazonaws.com",
        )
        .variable("AWS_USE_FIPS_ENDPOINT", "true");
    let expected = "variable AWS_USE_FIPS_ENDPOINT: aws.use_fips: cannot be used with an address of your own, here for ssm";
    assert!(both.errors().contains(expected), "{}", both.errors());
}
