//! Tokens are rotated while a machine boots.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role};

use super::seen::{Watch, manager};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::the_token_rotated_while_machines_boot",
    run: rotated,
}];

/// As an operator does it in a shell.
const ROTATE: [&str; 3] = ["swarmlet", "token", "rotate"];

/// Rotates the join tokens, on a manager.
pub(super) fn rotate(lab: &Lab, manager: &str) -> Result<()> {
    lab.exec(manager, &ROTATE)?.ok().map(drop)
}

fn rotated(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("rotated"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let manager = manager(&cluster)?.id;
    let token = || docker(lab, &manager, &["swarm", "join-token", "-q", "worker"]);
    let before = token()?;
    let watch = Watch::start();
    cluster.scale(Role::Worker, 4)?;
    for _ in 0..4 {
        rotate(lab, &manager)?;
    }
    watch.say("the token was rotated four times");
    ensure!(token()? != before, "it is the same token");
    cluster.wait_whole(Duration::from_mins(2))?;
    watch.say("three more had joined");
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    let refused = lab.exec(&worker, &ROTATE)?;
    ensure!(
        !refused.success() && refused.stderr.contains("manager"),
        "{refused:?}"
    );
    cluster.delete()
}
