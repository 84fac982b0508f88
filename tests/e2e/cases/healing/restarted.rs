//! An engine whose swarm part had to be started again: Docker goes on calling it failed, and it works.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, wait_until};

use super::removed::stayed;
use super::seen::{Fault, followers, formed, leader};
use crate::Case;
use crate::cases::support::{docker, node_id};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::an_engine_that_says_error_and_works",
    run: works,
}];

/// Takes the managers' port as soon as it is free, and holds it.
const SQUATTER: &str = "until systemd-socket-activate --listen=2377 /bin/true; do sleep 0.02; done";
/// Longer than an engine that has failed is waited for before its node leaves.
const OBSERVED: Duration = Duration::from_secs(75);

/// A manager is demoted, and while it is to be promoted again somebody else has its port: its manager cannot start, once or
/// more. `docker info` says `error` from then on, without a reason.
fn works(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "error", 3, 0)?;
    let failing = followers(lab, &cluster)?.remove(0).id;
    let (node, leader) = (node_id(lab, &failing)?, leader(lab, &cluster)?.id);
    let squat = ["systemd-run", "--unit=squatter", "sh", "-c", SQUATTER];
    lab.exec(&failing, &squat)?.ok()?;
    docker(lab, &leader, &["node", "demote", &node])?;
    wait_until("the promotion fails", Duration::from_mins(1), || {
        let (state, error) = said(lab, &failing)?;
        ensure!(state == "error" && !error.is_empty(), "{state}: {error}");
        Ok(())
    })?;
    let fault = Fault::now();
    lab.exec(&failing, &["systemctl", "stop", "squatter"])?
        .ok()?;
    cluster.wait_whole(Duration::from_mins(3))?;
    fault.healed("a promotion that failed", &(0..=90))?;
    let (state, error) = said(lab, &failing)?;
    ensure!(
        state == "error" && error.is_empty(),
        "Docker tells the truth by now, so that this shows nothing: {state}: {error}"
    );
    stays(lab, &cluster, &failing, &node)?;
    cluster.delete()
}

/// What Docker says of its part in the swarm, and why.
fn said(lab: &Lab, id: &str) -> Result<(String, String)> {
    let words = [
        "info",
        "--format",
        "{{.Swarm.LocalNodeState}} {{.Swarm.Error}}",
    ];
    let text = docker(lab, id, &words)?;
    let (state, error) = text
        .trim_end()
        .split_once(' ')
        .unwrap_or((text.trim_end(), ""));
    Ok((state.to_owned(), error.to_owned()))
}

fn stays(lab: &Lab, cluster: &Cluster, id: &str, node: &str) -> Result<()> {
    thread::sleep(OBSERVED);
    cluster.wait_whole(Duration::from_secs(20))?;
    stayed(lab, id, node)
}
