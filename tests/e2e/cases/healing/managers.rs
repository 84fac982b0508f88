//! Managers that are terminated, with a majority left or none.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, Role};

use super::seen::{Fault, epochs, formed, leader, one_swarm, replaced, ticket_is};
use super::service;
use crate::Case;
use crate::cases::support::node_id;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::the_only_manager_terminated",
    run: only_manager,
}];

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "healing::the_leader_of_three_terminated",
    run: leader_of_three,
}];

/// Its swarm is lost: the replacement makes the next epoch's, and the workers move over.
fn only_manager(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "only", 1, 2)?;
    let lost = one_swarm(lab, &cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let fault = Fault::now();
    lab.terminate(&manager)?;
    replaced(&cluster, Role::Manager, 1, &[&manager])?;
    cluster.wait_whole(Duration::from_mins(5))?;
    fault.healed("the only manager terminated", &(40..=280))?;
    let swarm = one_swarm(lab, &cluster)?;
    ensure!(swarm != lost, "the swarm of the dead manager lives");
    ensure!(epochs(lab, &cluster)? == ["formed", "formed"]);
    ticket_is(lab, &cluster, 2, &swarm)?;
    cluster.delete()
}

/// The swarm goes on; the dead manager is demoted and removed, its replacement promoted.
fn leader_of_three(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "leader", 3, 1)?;
    let swarm = one_swarm(lab, &cluster)?;
    let lost = leader(lab, &cluster)?.id;
    let (node, worker) = (node_id(lab, &lost)?, worker(lab, &cluster)?);
    service::create(lab, &lost)?;
    let fault = Fault::now();
    lab.terminate(&lost)?;
    replaced(&cluster, Role::Manager, 3, &[&lost])?;
    let nodes = cluster.wait_whole(Duration::from_mins(6))?;
    fault.healed("the leader of three terminated", &(60..=300))?;
    ensure!(nodes.iter().all(|n| n.id != node), "its entry is left");
    ensure!(one_swarm(lab, &cluster)? == swarm, "it is another swarm");
    service::is_there(lab, &leader(lab, &cluster)?.id)?;
    ensure!(self::worker(lab, &cluster)? == worker, "the worker moved");
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    ticket_is(lab, &cluster, 1, &swarm)?;
    cluster.delete()
}

fn worker(lab: &Lab, cluster: &Cluster) -> Result<String> {
    node_id(lab, &cluster.machines_of(Role::Worker)?[0].id)
}
