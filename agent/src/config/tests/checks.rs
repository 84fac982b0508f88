//! What cannot work, and what is said of it.

use super::*;

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
        "/etc/swarmlet/config.toml: nodes.x: unknown field: found `nodes`, expected `one of `node`, `aws`, `metadata`, `engine`, `swarm`, `departure`, `launch`, `dashboard`, `metrics`, `ready`, `disk`, `log`, `state_dir`, `runtime_dir``",
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
        refused(toml, key);
    }
}

fn refused(toml: &str, key: &str) {
    let errors = Host::new().file("etc/swarmlet/config.toml", toml).errors();
    assert!(errors.contains(key), "{toml}\n{errors}");
}

#[test]
fn the_marks_of_a_full_disk_are_checked() {
    refused("disk.high = 101", "disk.high: must be a share");
    refused("disk.low = 85", "disk.low: must be lower");
    refused("disk.min_age = '2s'", "disk.min_age: must be 10 s");
    refused("disk.keep = ['a b']", "disk.keep: must be names");
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
