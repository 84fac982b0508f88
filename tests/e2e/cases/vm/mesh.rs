//! The routing mesh: every node answers for a service, wherever its tasks are, also after a worker has lost its power.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Instance, Lab, Role, wait_until};

use super::load::Load;
use super::{Formed, tell};
use crate::Case;
use crate::cases::stacks::seen::supply;
use crate::cases::support::docker;

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "vm::the_mesh_answers_on_every_node_and_outlives_a_worker",
    run: mesh,
}];

const REPLICAS: usize = 4;
const PORT: &str = "8080";
/// A task says its own name, which is its container's.
const SERVER: &str = "mkdir /www && hostname >/www/index.html && exec httpd -f -p 8080 -h /www";

fn mesh(lab: &Lab) -> Result<()> {
    let formed = Formed::new(lab, "mesh", 2)?;
    let manager = formed.cluster.machines_of(Role::Manager)?.remove(0);
    let workers = formed.cluster.machines_of(Role::Worker)?;
    publish(lab, &manager, &workers)?;
    let started = Instant::now();
    let tasks = wait_until("all tasks run", formed.boot, || running(lab, &manager))?;
    tell("all tasks run", started);
    ensure!(
        on(&tasks, &workers[0]) > 0 && on(&tasks, &workers[1]) > 0,
        "not on both workers: {tasks:?}"
    );
    every_node_answers(lab, &formed)?;
    a_worker_loses_its_power(lab, &formed, &manager, &workers, &tasks)?;
    formed.cluster.delete()
}

/// A service in ingress mode with a virtual IP, as Docker makes one unless it is told otherwise.
fn publish(lab: &Lab, manager: &Instance, workers: &[Instance]) -> Result<()> {
    for worker in workers {
        supply(lab, &worker.id)?;
    }
    let (replicas, port) = (REPLICAS.to_string(), format!("{PORT}:8080"));
    let words = ["service", "create", "--detach", "--quiet", "--name", "web"];
    let how = [
        "--no-resolve-image",
        "--replicas",
        &replicas,
        "--publish",
        &port,
    ];
    let place = ["--constraint", "node.role==worker", "--restart-delay", "1s"];
    let what = ["busybox:1.37", "sh", "-c", SERVER];
    docker(
        lab,
        &manager.id,
        &[&words[..], &how, &place, &what].concat(),
    )
    .map(drop)
}

/// The tasks, as `id node`, when all of them run and no other is meant to.
fn running(lab: &Lab, manager: &Instance) -> Result<Vec<String>> {
    let words = ["service", "ps", "web", "--filter", "desired-state=running"];
    let how = ["--format", "{{.ID}} {{.Node}} {{.CurrentState}}"];
    let text = docker(lab, &manager.id, &[&words[..], &how].concat())?;
    let tasks: Vec<String> = text.lines().map(str::to_owned).collect();
    let up = tasks.iter().filter(|task| task.contains(" Running "));
    ensure!(
        up.count() == REPLICAS && tasks.len() == REPLICAS,
        "{tasks:#?}"
    );
    Ok(tasks)
}

/// How many of the tasks are on a machine: a node's name ends with its instance's first digits.
fn on(tasks: &[String], machine: &Instance) -> usize {
    let node = format!("-{} ", &machine.id[2..10]);
    tasks.iter().filter(|task| task.contains(&node)).count()
}

/// From the network's side, as a load balancer asks: each node's address, and behind each all tasks.
fn every_node_answers(lab: &Lab, formed: &Formed) -> Result<()> {
    for machine in formed.cluster.machines()? {
        let asked = Instant::now();
        let limit = formed.boot;
        let role = machine.tag("swarm:role").unwrap_or_default().to_owned();
        let seen = wait_until(
            &format!("all tasks answer at the {role}'s {}", machine.address),
            limit,
            || all_tasks_at(lab, &machine.address, limit),
        )?;
        tell(
            &format!("{seen} requests at the {role}'s address, all {REPLICAS} tasks answered"),
            asked,
        );
    }
    Ok(())
}

/// Asks as often as it takes four times as many requests as there are tasks: taken in turn, each has answered.
fn all_tasks_at(lab: &Lab, address: &str, limit: Duration) -> Result<usize> {
    let url = format!("http://{address}:{PORT}/");
    let requests = 4 * REPLICAS;
    let mut tasks = BTreeSet::new();
    for _ in 0..requests {
        tasks.insert(lab.visit(&url, limit)?);
    }
    ensure!(tasks.len() == REPLICAS, "these answered: {tasks:?}");
    Ok(requests)
}

/// Its tasks run elsewhere, requests at the other nodes go on, and it serves again when it is back.
fn a_worker_loses_its_power(
    lab: &Lab,
    formed: &Formed,
    manager: &Instance,
    workers: &[Instance],
    before: &[String],
) -> Result<()> {
    let (lost, stays) = (&workers[0], &workers[1]);
    let gone = on(before, lost);
    let load = Load::start(lab, &[&manager.address, &stays.address], PORT);
    lab.reset(&lost.id)?;
    let pulled = Instant::now();
    wait_until("the lost tasks run again", formed.boot * 2, || {
        let tasks = running(lab, manager)?;
        let old = before
            .iter()
            .filter(|task| on(std::slice::from_ref(*task), lost) > 0);
        let ids: Vec<_> = old.filter_map(|task| task.split(' ').next()).collect();
        let left = tasks
            .iter()
            .filter(|task| ids.iter().any(|id| task.starts_with(id)));
        ensure!(left.count() == 0, "{tasks:#?}");
        Ok(())
    })?;
    tell(
        &format!("{gone} of {REPLICAS} tasks lost, all run again"),
        pulled,
    );
    load.settles(formed.boot)?;
    load.end(pulled).tell();
    formed
        .cluster
        .wait_whole(formed.boot * 3)
        .context("the worker is not back")?;
    tell("the worker is back", pulled);
    every_node_answers(lab, formed)
}
