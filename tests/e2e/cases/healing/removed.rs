//! Nodes that somebody took out of the swarm: they come back as new ones.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, Role, machine, wait_until};
use serde_json::Value;

use super::seen::{Fault, epochs, followers, formed, leader, one_swarm};
use crate::Case;
use crate::cases::support::{docker, journal_of, node_id};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "healing::a_worker_removed_while_it_runs",
        run: worker,
    },
    Case {
        name: "healing::a_manager_removed_while_it_is_stopped",
        run: manager,
    },
];

/// Its engine never tells it: the managers do.
fn worker(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "removed", 1, 2)?;
    let (removed, other) = {
        let workers = cluster.machines_of(Role::Worker)?;
        (workers[0].id.clone(), workers[1].id.clone())
    };
    let (node, stays) = (node_id(lab, &removed)?, node_id(lab, &other)?);
    let leader = leader(lab, &cluster)?.id;
    let fault = Fault::now();
    docker(lab, &leader, &["node", "rm", "--force", &node])?;
    joined_again(lab, &cluster, &removed, &node)?;
    fault.healed("a worker removed", &(15..=150))?;
    ensure!(node_id(lab, &other)? == stays, "the other worker moved too");
    ensure!(epochs(lab, &cluster)? == ["formed"]);
    cluster.delete()
}

/// It looks like a manager whose majority is gone. It must not force a cluster of its own.
fn manager(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "demoted", 3, 0)?;
    let swarm = one_swarm(lab, &cluster)?;
    let removed = followers(lab, &cluster)?.remove(0).id;
    let (node, leader) = (node_id(lab, &removed)?, leader(lab, &cluster)?.id);
    lab.stop(&removed)?;
    wait_until("it is off", Duration::from_mins(1), || {
        ensure!(!machine::is_on(&removed), "it is on");
        Ok(())
    })?;
    docker(lab, &leader, &["node", "demote", &node])?;
    docker(lab, &leader, &["node", "rm", "--force", &node])?;
    let fault = Fault::now();
    lab.start(&removed)?;
    joined_again(lab, &cluster, &removed, &node)?;
    fault.healed("a manager removed while it was stopped", &(15..=240))?;
    ensure!(one_swarm(lab, &cluster)? == swarm, "it is another swarm");
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    let journal = journal_of(lab, &removed)?;
    ensure!(!journal.contains("forcing a new cluster"), "{journal}");
    let acts = ["cat", "/var/lib/swarmlet/acts.json"];
    let acts: Value = serde_json::from_str(&lab.exec(&removed, &acts)?.ok()?)?;
    ensure!(acts["value"]["at"].is_number(), "it has not left: {acts}");
    ensure!(acts["value"]["forced"].is_null(), "it has forced: {acts}");
    cluster.delete()
}

/// It is the node that it was, and has not been another meanwhile.
pub(in crate::cases) fn stayed(lab: &Lab, id: &str, node: &str) -> Result<()> {
    ensure!(node_id(lab, id)? == node, "it has left, and joined again");
    let journal = journal_of(lab, id)?;
    ensure!(!journal.contains("left the swarm"), "{journal}");
    Ok(())
}

pub(super) fn joined_again(lab: &Lab, cluster: &Cluster, id: &str, before: &str) -> Result<()> {
    wait_until("it has joined again", Duration::from_mins(5), || {
        let now = node_id(lab, id)?;
        ensure!(!now.is_empty() && now != before, "its node is {now:?}");
        Ok(())
    })?;
    let nodes = cluster.wait_whole(Duration::from_mins(3))?;
    ensure!(nodes.iter().all(|n| n.id != before), "its entry is left");
    Ok(())
}
