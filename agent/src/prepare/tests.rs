//! The whole of it, on a host in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::{Flags, Settings};
use crate::run::BootClock;
use aws::lifecycle::scripted::Group;
use host::command::scripted::Scripted;
use protocol::Role;

mod compose;
mod flags;
mod names;
mod pools;

/// A worker of the cluster `demo`.
pub(super) fn node(instance_id: &str) -> InstanceIdentity {
    InstanceIdentity {
        account: None,
        instance_id: instance_id.to_owned(),
        region: "us-east-1".to_owned(),
        zone: "us-east-1a".to_owned(),
        instance_type: "t3.small".to_owned(),
        private_ip: [10, 98, 16, 4].into(),
        name: None,
        role: Role::Worker,
        cluster: "demo".parse().expect("a name"),
        labels: BTreeMap::new(),
        group: None,
        kms_key: None,
    }
}

pub(super) struct HostFiles {
    root: TempDir,
    pub(super) settings: Settings,
}

const ID: &str = "i-0123456789abcdef0";
const ACTIVE: &str = "systemctl is-active docker.service";
const ENABLED: &str = "systemctl is-enabled --quiet docker.service";
const SHOW: &str = "systemctl show docker.service";
const START: &str = "systemctl start --no-block docker.service";

impl HostFiles {
    /// A Debian host with the engine and the plugin.
    pub(super) fn new() -> Self {
        let root = TempDir::new().expect("a folder");
        let flags = Flags {
            root: Some(root.path().to_owned()),
            ..Flags::default()
        };
        let host = Self {
            settings: Settings::load(&flags).expect("defaults"),
            root,
        };
        host.with(
            "etc/os-release",
            "ID=debian\nVERSION_ID=13\nPRETTY_NAME=\"Debian 13\"\n",
        )
        .with("usr/bin/apt-get", "")
        .with("usr/sbin/dockerd", "")
        .with("usr/libexec/docker/cli-plugins/docker-compose", "")
        .with("proc/sys/kernel/hostname", "old\n")
        .with("etc/hosts", "127.0.0.1 localhost\n")
    }

    pub(super) fn with(self, path: &str, content: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
        self
    }

    pub(super) fn without(self, path: &str) -> Self {
        fs::remove_file(self.path(path)).expect("a file");
        self
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn daemon(&self) -> Value {
        serde_json::from_str(&self.read("etc/docker/daemon.json")).expect("JSON")
    }

    async fn prepare(&self, runner: &Scripted) -> Result<(), PrepareError> {
        self.prepare_node(&node(ID), runner).await
    }

    pub(super) async fn prepare_node(
        &self,
        node: &InstanceIdentity,
        runner: &Scripted,
    ) -> Result<(), PrepareError> {
        let never = async |_: &InstanceIdentity| unreachable!("nobody is asked about a name");
        self.prepare_as(node, runner, never).await
    }

    async fn prepare_as(
        &self,
        node: &InstanceIdentity,
        runner: &Scripted,
        is_shared: impl AsyncFnOnce(&InstanceIdentity) -> bool,
    ) -> Result<(), PrepareError> {
        let vpc = ["10.98.0.0/16".parse().expect("a block")];
        let edges = Edges {
            runner,
            // An instance of no group.
            scaling: || -> Group { unreachable!("Auto Scaling was asked") },
            clock: &BootClock,
            is_shared,
        };
        prepare(node, &vpc, &self.settings, edges).await
    }
}

/// What was run, but for looks at the engine's unit.
pub(super) fn acts(runner: &Scripted) -> Vec<String> {
    let mut lines = runner.lines();
    lines.retain(|line| !line.starts_with(SHOW));
    lines
}

/// A host whose engine is neither enabled nor running.
fn idle() -> Scripted {
    Scripted::default().on(ENABLED, 1, "").on(ACTIVE, 3, "")
}

#[tokio::test]
async fn a_baked_image_gets_name_settings_and_a_started_engine() {
    let host = HostFiles::new();
    let runner = idle();
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(host.read("etc/hostname"), "demo-worker-01234567\n");
    assert_eq!(
        host.read("proc/sys/kernel/hostname"),
        "demo-worker-01234567"
    );
    assert!(
        host.read("etc/hosts")
            .ends_with("127.0.1.1 demo-worker-01234567 # swarmlet\n")
    );
    let expected = json!({
        "default-address-pools": [{"base": "172.17.0.0/16", "size": 24}],
        "labels": [format!("swarmlet.instance-id={ID}")],
        "log-driver": "json-file",
        "log-opts": {"max-file": "3", "max-size": "10m"},
    });
    assert_eq!(host.daemon(), expected);
    assert_eq!(
        acts(&runner),
        [ENABLED, ACTIVE, "systemctl enable docker.service", START]
    );
}

#[tokio::test]
async fn the_second_boot_only_looks_and_starts() {
    let host = HostFiles::new();
    host.prepare(&idle()).await.expect("prepared");
    let runner = Scripted::default().on(ACTIVE, 3, "");
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(acts(&runner), [ENABLED, ACTIVE, START]);
    let runner = Scripted::default();
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(
        acts(&runner),
        [ENABLED, ACTIVE],
        "an engine that runs unchanged is left alone"
    );
}

#[tokio::test]
async fn a_running_engine_is_restarted_outside_of_a_swarm_and_reloaded_inside() {
    let runner = Scripted::default();
    HostFiles::new().prepare(&runner).await.expect("prepared");
    assert_eq!(
        acts(&runner)[2..],
        ["systemctl restart --no-block docker.service"]
    );

    let host = HostFiles::new().with("var/lib/docker/swarm/certificates/swarm-node.crt", "x");
    let runner = Scripted::default();
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(
        acts(&runner)[2..],
        ["systemctl reload --no-block docker.service"]
    );

    let host = HostFiles::new()
        .with("etc/docker/daemon.json", "{\"data-root\": \"/data\"}")
        .with("data/swarm/certificates/swarm-node.crt", "x");
    let runner = Scripted::default();
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(
        acts(&runner)[2..],
        ["systemctl reload --no-block docker.service"]
    );
}

/// The boot went on while tags were waited for: what it has begun to start has read its settings.
#[tokio::test]
async fn an_engine_that_is_starting_is_restarted_with_its_settings() {
    let runner = Scripted::default().prints(ACTIVE, 3, "activating\n");
    HostFiles::new().prepare(&runner).await.expect("prepared");
    assert_eq!(
        acts(&runner)[2..],
        ["systemctl restart --no-block docker.service"]
    );
    let runner = Scripted::default().prints(ACTIVE, 3, "failed\n");
    HostFiles::new().prepare(&runner).await.expect("prepared");
    assert_eq!(acts(&runner)[2..], [START]);
}

#[tokio::test]
async fn a_missing_engine_is_installed_with_services_held_back() {
    let host = HostFiles::new()
        .without("usr/sbin/dockerd")
        .without("usr/libexec/docker/cli-plugins/docker-compose");
    let runner = idle();
    host.prepare(&runner).await.expect("prepared");
    let lines = acts(&runner);
    assert!(lines[0].ends_with(" update"), "{lines:?}");
    assert!(
        lines[1].ends_with(" install docker.io docker-cli"),
        "{lines:?}"
    );
    assert_eq!(
        lines[2..],
        [ENABLED, ACTIVE, "systemctl enable docker.service", START]
    );
    assert!(!host.path("usr/sbin/policy-rc.d").exists());
}

#[tokio::test]
async fn packages_follow_settings() {
    let mut host = HostFiles::new().without("usr/sbin/dockerd");
    host.settings.engine.packages = Some(vec!["docker-ce".to_owned()]);
    let runner = idle();
    host.prepare(&runner).await.expect("prepared");
    assert!(acts(&runner)[1].ends_with(" install docker-ce"));

    host.settings.engine.install = false;
    let error = host.prepare(&idle()).await.expect_err("switched off");
    assert!(
        error
            .to_string()
            .starts_with("cannot find Docker Engine on this image"),
        "{error}"
    );
    assert!(error.is_terminal());
}

#[tokio::test]
async fn an_unknown_distribution_is_named() {
    let host = HostFiles::new().without("usr/sbin/dockerd").with(
        "etc/os-release",
        "ID=slackware\nVERSION_ID=15\nPRETTY_NAME=\"Slackware 15\"",
    );
    let error = host.prepare(&idle()).await.expect_err("unknown");
    assert!(
        error
            .to_string()
            .contains("no package of Slackware 15 is known"),
        "{error}"
    );
}

/// A disk that was copied from the instance `i-other` while it was in a swarm.
fn copied() -> HostFiles {
    HostFiles::new()
        .with(
            "var/lib/swarmlet/membership.json",
            "{\"instance_id\": \"i-other\", \"node_id\": \"n\"}",
        )
        .with("var/lib/swarmlet/nonces.json", "{}")
        .with("var/lib/swarmlet/daemon-keys.json", "{}")
        .with("var/lib/docker/swarm/certificates/swarm-node.crt", "x")
        .with("var/lib/docker/volumes/data", "precious")
}

#[tokio::test]
async fn a_copy_of_another_node_loses_its_swarm_state_and_nothing_else() {
    let host = copied();
    host.prepare(&idle()).await.expect("prepared");
    assert!(!host.path("var/lib/docker/swarm").exists());
    let mut left: Vec<_> = fs::read_dir(host.path("var/lib/swarmlet"))
        .expect("a folder")
        .flatten()
        .collect();
    left.sort_by_key(fs::DirEntry::file_name);
    assert_eq!(
        left.iter().map(fs::DirEntry::file_name).collect::<Vec<_>>(),
        ["daemon-keys.json", "daemon-written.json", "hostname.json"]
    );
    assert_eq!(host.read("var/lib/docker/volumes/data"), "precious");
}

#[tokio::test]
async fn a_copy_whose_engine_runs_already_is_stopped_first() {
    let runner = Scripted::default();
    copied().prepare(&runner).await.expect("prepared");
    assert_eq!(
        acts(&runner)[..2],
        [ACTIVE, "systemctl stop docker.socket docker.service"]
    );
}

#[tokio::test]
async fn without_a_memory_the_engines_label_tells_a_copy() {
    let host = HostFiles::new()
        .with(
            "etc/docker/daemon.json",
            "{\"labels\": [\"swarmlet.instance-id=i-other\"]}",
        )
        .with("var/lib/docker/swarm/docker-state.json", "{}");
    host.prepare(&idle()).await.expect("prepared");
    assert!(!host.path("var/lib/docker/swarm").exists());
    assert_eq!(
        host.daemon()["labels"],
        json!([format!("swarmlet.instance-id={ID}")])
    );
}

#[tokio::test]
async fn a_nodes_own_state_stays() {
    let own = format!("{{\"instance_id\": \"{ID}\"}}");
    for membership in [own.as_str(), "damaged"] {
        let host = HostFiles::new()
            .with("var/lib/swarmlet/membership.json", membership)
            .with("var/lib/docker/swarm/certificates/swarm-node.crt", "x");
        host.prepare(&idle()).await.expect("prepared");
        assert!(
            host.path("var/lib/docker/swarm/certificates/swarm-node.crt")
                .exists()
        );
        assert_eq!(host.read("var/lib/swarmlet/membership.json"), membership);
    }
    let host = HostFiles::new().with(
        "var/lib/docker/swarm/certificates/swarm-node.crt",
        "by hand",
    );
    host.prepare(&idle()).await.expect("prepared");
    assert!(
        host.path("var/lib/docker/swarm/certificates/swarm-node.crt")
            .exists()
    );
}

#[tokio::test]
async fn a_bad_daemon_json_stops_everything_before_it_starts() {
    for content in ["{", "{\"live-restore\": true}"] {
        let host = HostFiles::new().with("etc/docker/daemon.json", content);
        let runner = idle();
        let error = host.prepare(&runner).await.expect_err(content);
        assert!(error.is_terminal(), "{error}");
        assert_eq!(host.read("etc/docker/daemon.json"), content);
        assert!(acts(&runner).is_empty());
    }
}

#[tokio::test]
async fn the_host_name_can_be_left_alone() {
    let mut host = HostFiles::new();
    host.settings.node.hostname = false;
    host.prepare(&idle()).await.expect("prepared");
    assert!(!host.path("etc/hostname").exists());
    assert_eq!(host.read("proc/sys/kernel/hostname"), "old\n");
}

#[tokio::test]
async fn a_read_only_kernel_setting_is_gone_around() {
    let host = HostFiles::new()
        .without("proc/sys/kernel/hostname")
        .with("proc/sys/kernel/hostname/x", "");
    let runner = idle();
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(acts(&runner)[0], "hostname demo-worker-01234567");
    let runner = idle().on("hostname", 1, "you must be root");
    let error = host.prepare(&runner).await.expect_err("no name");
    assert!(
        error
            .to_string()
            .ends_with("proc/sys/kernel/hostname: you must be root"),
        "{error}"
    );
    assert!(!error.is_terminal());
}

#[tokio::test]
async fn what_the_service_manager_refuses_is_told() {
    for (command, message) in [
        (
            "systemctl enable",
            "cannot enable docker.service: Unit docker.service is masked.",
        ),
        (
            "systemctl start",
            "cannot start docker.service: Unit docker.service is masked.",
        ),
    ] {
        let runner = idle().on(command, 1, "Unit docker.service is masked.");
        let error = HostFiles::new().prepare(&runner).await.expect_err(message);
        assert_eq!(error.to_string(), message);
        assert!(!error.is_terminal());
    }
}
