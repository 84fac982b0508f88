//! A worker whose engine was started with a clock that is behind. Machines of the lab share the host's clock, so here the
//! certificate is ahead: to the engine it is the same. One with a clock of its own is in `vm/clocks.rs`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Lab, Role, wait_until};

use super::removed::stayed;
use super::seen::{Fault, formed, says};
use crate::Case;
use crate::cases::support::{docker, node_id};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::a_clock_that_was_behind",
    run: was_behind,
}];

/// Longer than an engine that has failed is waited for before its node leaves.
const BEHIND: &str = "90";
/// The engine looks whether the key is the certificate's, and at its time before it looks who has signed it. The key has
/// swarmkit's own headers, which OpenSSL does not know.
const AHEAD: &str = r#"cd /var/lib/docker/swarm/certificates && cp --preserve swarm-node.crt /root/now.crt &&
systemctl stop docker.socket docker &&
sed '/: /d; /^$/d' swarm-node.key >/root/plain.key &&
openssl req -x509 -key /root/plain.key -subj /CN=ahead \
  -not_before "$(date --utc --date "$1 seconds" +%Y%m%d%H%M%SZ)" -not_after 20991231235959Z -out swarm-node.crt &&
systemctl start docker"#;
const BACK: &str = "cp --preserve /root/now.crt /var/lib/docker/swarm/certificates/swarm-node.crt";

/// It keeps its place, and the engine is restarted when the clock is right.
fn was_behind(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "behind", 1, 1)?;
    let workers = cluster.machines_of(Role::Worker)?;
    let id = &workers.first().context("no worker")?.id;
    let node = node_id(lab, id)?;
    lab.exec(id, &["sh", "-c", AHEAD, "sh", BEHIND])?.ok()?;
    let fault = Fault::now();
    wait_until(
        "the engine says that it failed",
        Duration::from_secs(20),
        || {
            let said = docker(
                lab,
                id,
                &[
                    "info",
                    "--format",
                    "{{.Swarm.LocalNodeState}} {{.Swarm.Error}}",
                ],
            )?;
            ensure!(
                said.starts_with("error") && said.contains("not valid before"),
                "{said}"
            );
            Ok(())
        },
    )?;
    says(
        lab,
        id,
        "THE CLOCK OF THIS HOST IS BEHIND",
        Duration::from_secs(45),
    )?;
    lab.exec(id, &["sh", "-c", BACK])?.ok()?;
    says(
        lab,
        id,
        "is restarted now that it is right",
        Duration::from_mins(3),
    )?;
    cluster.wait_whole(Duration::from_mins(3))?;
    fault.healed("90 s of a clock that was behind", &(150..=240))?;
    stayed(lab, id, &node)?;
    cluster.delete()
}
