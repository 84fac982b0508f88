//! An earlier agent is replaced by the present one on the nodes of a swarm that runs tasks, node by node, and put back.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::fleet::seen::active;
use super::healing::seen::{epochs, leader};
use super::packages::{all_were_ready, watch};
use super::restarts::{REBOOT, comes_back};
use super::support::{IMPORT, built_agent, docker, node_id, unique};
use crate::Case;
use agent::{Agent, nothing_to_complain_of};
use unchanged::Swarm;

mod agent;
mod unchanged;

pub(super) const CASES: &[Case] = &[Case {
    name: "upgrade::an_earlier_agent_is_replaced_node_by_node_and_put_back",
    run: there_and_back,
}];

/// Where an earlier agent is; `scripts/upgrade` compiles one.
const EARLIER: &str = "LAB_EARLIER_AGENT";
const DEPARTURE: &str = "/var/lib/swarmlet/departure.json";
/// A leader has looked at nodes, groups and ticket again by then.
const SETTLED: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_mins(1);
const LIMIT: Duration = Duration::from_mins(3);
const HOOK: Duration = Duration::from_mins(5);
const REPLICAS: usize = 8;

fn there_and_back(lab: &Lab) -> Result<()> {
    let earlier = std::env::var_os(EARLIER).map(PathBuf::from);
    let earlier = earlier.with_context(|| format!("{EARLIER} is not set: run scripts/upgrade"))?;
    let [earlier, present] = [Agent::of(&earlier)?, Agent::of(&built_agent()?)?];
    ensure!(earlier != present, "both agents are one");
    let cluster = formed(lab, &earlier)?;
    serve(lab, &cluster)?;
    let workers = cluster.machines_of(Role::Worker)?;
    let [drained, worker] = [0, 1].map(|index| workers[index].id.as_str());
    let (first, followers) = managers(lab, &cluster)?;
    // A manager that is drained is a worker meanwhile, and has said so in its own entry before.
    for id in [drained, &followers[0]] {
        drain(lab, &cluster, id)?;
    }
    watch(lab, &first)?;
    let before = Swarm::of(lab, &cluster)?;
    // The leader in the middle: each version leads the other for a while.
    for id in [drained, &followers[0], &first, worker, &followers[1]] {
        present.replaces(lab, id)?;
        before.stands(lab, &cluster)?;
    }
    sleep(SETTLED);
    before.stands(lab, &cluster)?;
    for machine in cluster.machines()? {
        nothing_to_complain_of(lab, &machine.id)?;
    }
    for id in [drained, &followers[0]] {
        activate(lab, &cluster, id)?;
    }
    cluster.wait_whole(SOON)?;

    // And back: what the present agent has written, the departure too, is read by the earlier one.
    drain(lab, &cluster, worker)?;
    let before = Swarm::of(lab, &cluster)?;
    for id in [worker, &first] {
        earlier.replaces(lab, id)?;
        before.stands(lab, &cluster)?;
    }
    sleep(SETTLED);
    before.stands(lab, &cluster)?;
    activate(lab, &cluster, worker)?;
    all_were_ready(lab, &first)?;
    scaled(lab, &first, &[drained, worker])?;
    // What runs before the engine goes on with what its earlier version has left: the name, the engine's settings.
    comes_back(lab, &cluster, Role::Worker, drained, &REBOOT)?;
    ensure!(epochs(lab, &cluster)? == ["formed"], "it is another epoch");
    cluster.delete()
}

/// A cluster whose machines boot with this agent, by an image that was made with it.
fn formed(lab: &Lab, agent: &Agent) -> Result<Cluster> {
    let spec = ClusterSpec {
        image: agent.image(lab)?,
        launching_hook: Some(HOOK),
        terminating_hook: Some(HOOK),
        ..ClusterSpec::new(&unique("upgrade"), 3, 2)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(LIMIT)?;
    active(&cluster)?;
    for machine in cluster.machines()? {
        agent.runs(lab, &machine.id)?;
    }
    Ok(cluster)
}

/// Tasks on all nodes, managers too.
fn serve(lab: &Lab, cluster: &Cluster) -> Result<()> {
    for machine in cluster.machines()? {
        lab.exec(&machine.id, &["sh", "-c", IMPORT])?.ok()?;
    }
    let manager = &cluster.machines_of(Role::Manager)?[0].id;
    let count = format!("--replicas={REPLICAS}");
    let words = ["service", "create", "--detach", "--no-resolve-image"];
    let how = ["--name=kept", "--stop-grace-period=1s", &count];
    let task = ["lab/sleeper", "/usr/bin/sleep", "1d"];
    docker(lab, manager, &[&words[..], &how, &task].concat())?;
    all_run(lab, manager, REPLICAS)
}

fn all_run(lab: &Lab, manager: &str, count: usize) -> Result<()> {
    wait_until("all tasks run", SOON, || {
        let words = ["service", "ls", "--format", "{{.Replicas}}"];
        let told = docker(lab, manager, &words)?;
        ensure!(told == format!("{count}/{count}"), "{told}");
        Ok(())
    })
}

/// The one that leads, and the others.
fn managers(lab: &Lab, cluster: &Cluster) -> Result<(String, Vec<String>)> {
    let first = leader(lab, cluster)?.id;
    let ids = cluster.machines_of(Role::Manager)?.into_iter();
    let others = ids.map(|manager| manager.id).filter(|id| *id != first);
    Ok((first.clone(), others.collect()))
}

/// As a person does it; the departure is on the node's disk, and its tasks run elsewhere.
fn drain(lab: &Lab, cluster: &Cluster, id: &str) -> Result<()> {
    let asked = Instant::now();
    lab.exec(id, &["swarmlet", "drain"])?.ok()?;
    wait_until("the node is drained", LIMIT, || {
        availability_is(lab, cluster, id, "Drain")?;
        let running = docker(lab, id, &["ps", "--quiet"])?;
        ensure!(running.is_empty(), "it runs {running:?}");
        lab.exec(id, &["cat", DEPARTURE])?.ok().map(drop)
    })?;
    let time = asked.elapsed().as_secs_f64();
    eprintln!("    {id} drained after {time:.1} s");
    all_run(lab, &leader(lab, cluster)?.id, REPLICAS)
}

fn activate(lab: &Lab, cluster: &Cluster, id: &str) -> Result<()> {
    let asked = Instant::now();
    lab.exec(id, &["swarmlet", "activate"])?.ok()?;
    wait_until("the node is active", SOON, || {
        availability_is(lab, cluster, id, "Active")?;
        let gone = lab.exec(id, &["test", "!", "-e", DEPARTURE])?;
        ensure!(gone.success(), "its departure is on its disk still");
        Ok(())
    })?;
    let time = asked.elapsed().as_secs_f64();
    eprintln!("    {id} active again after {time:.1} s");
    Ok(())
}

fn availability_is(lab: &Lab, cluster: &Cluster, id: &str, wanted: &str) -> Result<()> {
    let (own, nodes) = (node_id(lab, id)?, cluster.nodes()?);
    let node = nodes.into_iter().find(|node| node.id == own);
    let availability = node.context("it has no entry")?.availability;
    ensure!(availability == wanted, "it is {availability}");
    Ok(())
}

/// What was drained is given tasks again.
fn scaled(lab: &Lab, manager: &str, drained: &[&str]) -> Result<()> {
    let count = REPLICAS + 4;
    let wanted = format!("kept={count}");
    docker(lab, manager, &["service", "scale", "--detach", &wanted])?;
    all_run(lab, manager, count)?;
    for id in drained {
        let running = docker(lab, id, &["ps", "--quiet"])?;
        ensure!(!running.is_empty(), "{id} runs no task");
    }
    Ok(())
}
