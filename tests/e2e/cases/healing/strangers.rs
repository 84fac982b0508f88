//! Swarms and disks that are not what they seem: a stranger's swarm on a manager's address, the
//! copy of a live node's disk.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Lab, Launch, Role, machine, wait_until};

use super::seen::{Fault, epochs, formed, one_swarm, says, ticket_is};
use crate::Case;
use crate::cases::support::{docker, node_id, profile, unit};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::an_image_of_a_live_node",
    run: image_of_a_live_node,
}];

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "healing::another_swarm_on_the_managers_address",
    run: another_swarm,
}];

/// Several rounds of a worker that asks its managers.
const TEMPTED: Duration = Duration::from_secs(75);

/// Somebody makes a swarm by hand where the cluster's only manager was. A worker is not fooled
/// into it; the manager says what to do, and when that is done all goes on under the next epoch.
fn another_swarm(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "stranger", 1, 1)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0);
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    let (lost, node) = (one_swarm(lab, &cluster)?, node_id(lab, &worker)?);
    docker(lab, &manager.id, &["swarm", "leave", "--force"])?;
    let init = ["swarm", "init", "--advertise-addr", &manager.address];
    docker(lab, &manager.id, &init)?;
    let stranger = one_swarm(lab, &cluster)?;
    ensure!(stranger != lost, "no other swarm was made");
    says(lab, &manager.id, "run `docker swarm leave`", TEMPTED)?;
    thread::sleep(TEMPTED);
    says(lab, &worker, "none of whose managers answers", TEMPTED)?;
    ensure!(node_id(lab, &worker)? == node, "the worker was fooled");
    let nodes = cluster.nodes()?;
    ensure!(nodes.len() == 1, "somebody joined the stranger's swarm");
    ensure!(epochs(lab, &cluster)? == ["formed"]);

    let fault = Fault::now();
    docker(lab, &manager.id, &["swarm", "leave", "--force"])?;
    cluster.wait_whole(Duration::from_mins(6))?;
    fault.healed("a swarm whose only manager has left it", &(120..=360))?;
    let swarm = one_swarm(lab, &cluster)?;
    ensure!(swarm != lost && swarm != stranger, "an old swarm is back");
    ensure!(epochs(lab, &cluster)? == ["formed", "formed"]);
    ticket_is(lab, &cluster, 2, &swarm)?;
    cluster.delete()
}

/// It brings along who the other is: its certificate, and the agent's memory.
fn image_of_a_live_node(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "image", 1, 1)?;
    let model = cluster.machines_of(Role::Worker)?.remove(0).id;
    let node = node_id(lab, &model)?;
    let launch = Launch {
        profile: Some(profile(lab, &model)?),
        ..Launch::default()
    };
    let copy = lab.launch(&launch)?.remove(0);
    wait_until("it has booted", Duration::from_mins(1), || {
        unit(lab, &copy, "swarmlet.service", "ActiveState").map(drop)
    })?;
    lab.stop(&copy)?;
    wait_until("it is off", Duration::from_mins(1), || {
        ensure!(!machine::is_on(&copy), "it is on");
        Ok(())
    })?;
    copy_disk(lab, &model, &copy)?;
    tag(lab, &copy, cluster.name())?;
    let fault = Fault::now();
    lab.start(&copy)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    fault.healed("an image of a live node", &(0..=90))?;
    ensure!(node_id(lab, &copy)? != node, "it is the other's node");
    ensure!(node_id(lab, &model)? == node, "the model is another node");
    says(lab, &model, "in the swarm", Duration::from_secs(5))?;
    // It is in no group: the stack does not end it.
    lab.terminate(&copy)?;
    cluster.delete()
}

/// The model runs on meanwhile.
fn copy_disk(lab: &Lab, model: &str, copy: &str) -> Result<()> {
    let (from, to) = (lab.paths().machine(model), lab.paths().machine(copy));
    let parts = ["docker/swarm", "upper/var/lib/swarmlet", "upper/etc/docker"];
    for part in parts {
        let (from, to) = (from.join(part), to.join(part));
        ensure!(from.exists(), "the model has no {part}");
        let _ = std::fs::remove_dir_all(&to);
        let done = Command::new("cp").arg("-a").arg(&from).arg(&to).status();
        ensure!(done.context("cannot run cp")?.success(), "cp failed");
    }
    Ok(())
}

fn tag(lab: &Lab, id: &str, cluster: &str) -> Result<()> {
    let cluster = format!("Key=swarm:cluster,Value={cluster}");
    let tags = ["--tags", "Key=swarm:role,Value=worker", &cluster];
    let call = ["ec2", "create-tags", "--resources", id];
    lab.aws(&[&call[..], &tags].concat()).map(drop)
}
