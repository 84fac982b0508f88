//! A person drains a node, takes it out, and brings it back.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::seen::{Watch, active, manager};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::a_person_drains_a_worker_takes_it_out_and_brings_it_back",
    run: back_and_forth,
}];

const LIMIT: Duration = Duration::from_mins(2);

fn back_and_forth(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("operator"), 1, 1))?;
    cluster.wait_whole(LIMIT)?;
    active(&cluster)?;
    let id = cluster.machines_of(Role::Worker)?.remove(0).id;
    let watch = Watch::start();
    lab.exec(&id, &["swarmlet", "drain"])?.ok()?;
    drained(&cluster)?;
    watch.say("drained");
    lab.exec(&id, &["swarmlet", "activate"])?.ok()?;
    active(&cluster)?;
    watch.say("active again");
    lab.exec(&id, &["swarmlet", "leave"])?.ok()?;
    wait_until("the node has left", LIMIT, || is(lab, &id, "inactive"))?;
    watch.say("out of the swarm");
    // It stays out, over a restart of the agent too.
    lab.exec(&id, &["systemctl", "restart", "--no-block", "swarmlet"])?
        .ok()?;
    std::thread::sleep(Duration::from_secs(20));
    is(lab, &id, "inactive")?;
    lab.exec(&id, &["swarmlet", "activate"])?.ok()?;
    wait_until("the node is back", LIMIT, || is(lab, &id, "active"))?;
    cluster.wait_whole(LIMIT)?;
    active(&cluster)?;
    watch.say("back, and its older entry gone");
    cluster.delete()
}

fn is(lab: &Lab, id: &str, wanted: &str) -> Result<()> {
    let state = docker(lab, id, &["info", "--format", "{{.Swarm.LocalNodeState}}"])?;
    ensure!(state == wanted, "it is {state}");
    Ok(())
}

fn drained(cluster: &Cluster) -> Result<()> {
    let manager = manager(cluster)?.id;
    wait_until("the worker is drained", LIMIT, || {
        let nodes = cluster.nodes_of(&manager)?;
        let drained = nodes.iter().filter(|n| n.availability == "Drain").count();
        ensure!(drained == 1, "{drained} nodes are");
        Ok(())
    })
}
