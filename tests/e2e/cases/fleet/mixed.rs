//! A swarm of two engines: the stack's image becomes one with a newer engine, and its groups are refreshed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Launch, Role, wait_until};

use super::refresh::{quorums, renewed, swarm};
use super::seen::{Watch, active, ended, manager};
use super::stack::{handed_over, launched, taken_down, until_complete, update};
use crate::Case;
use crate::cases::engines::{engine, numbers};
use crate::cases::healing::{seen::leader, service};
use crate::cases::support::{agent_is_ready, docker, profile, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::a_newer_engine_joins_managers_that_an_older_one_promoted",
    run: joins_promoted,
}];

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "fleet::old_engines_refreshed_to_the_newest",
    run: refreshed,
}];

const LIMIT: Duration = Duration::from_mins(3);
/// The usual image's, and the least that the newer one has.
const ENGINES: [(u32, u32); 2] = [(26, 1), (28, 5)];

fn refreshed(lab: &Lab) -> Result<()> {
    let cluster = launched(lab, "mixed", 3, 2)?;
    active(&cluster)?;
    service::create(lab, &manager(&cluster)?.id)?;
    let (before, swarm) = (cluster.machines()?, swarm(lab, &cluster)?);
    for machine in &before {
        ensure!(numbers(&engine(lab, &machine.id)?)? == ENGINES[0]);
    }
    let watch = Watch::start();
    update(lab, cluster.name(), "ImageId", Image::Forky.id())?;
    let mixtures = rolled(lab, &cluster)?;
    watch.say("all nodes had the newer engine");
    cluster.wait_whole(LIMIT)?;
    watch.say("the node list was clean");
    eprintln!("    engines seen together: {mixtures:?}");
    ensure!(
        mixtures.iter().any(|seen| seen.len() == 2),
        "the two engines were never in one swarm: {mixtures:?}"
    );
    for machine in cluster.machines()? {
        let engine = engine(lab, &machine.id)?;
        ensure!(
            numbers(&engine)? >= ENGINES[1],
            "{} has {engine}",
            machine.id
        );
    }
    renewed(lab, &cluster, &before, &swarm)?;
    service::is_there(lab, &manager(&cluster)?.id)?;
    for machine in &before {
        ended(lab, &machine.id, LIMIT)?;
        handed_over(lab, &machine.id)?;
    }
    taken_down(lab, cluster)
}

/// Managers of engines before 28 lose the ALPN of their certificates when they are promoted (moby/swarmkit#3189), and
/// engines from 28 on ask for it. The first manager, which created the swarm, keeps it: it goes.
fn joins_promoted(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("alpn"), 3, 1))?;
    cluster.wait_whole(LIMIT)?;
    // All nodes may be Ready before the last is promoted.
    wait_until("there are three managers", LIMIT, || {
        let nodes = cluster.nodes()?;
        let live = nodes.iter().filter(|node| node.is_live_manager()).count();
        ensure!(live == 3, "there are {live}");
        Ok(())
    })?;
    let first = leader(lab, &cluster)?.id;
    ensure!(numbers(&engine(lab, &first)?)? == ENGINES[0]);
    lab.terminate(&first)?;
    cluster.wait_whole(LIMIT)?;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    let tags = [("swarm:cluster", cluster.name()), ("swarm:role", "worker")];
    let launch = Launch {
        image: Image::Forky,
        tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        profile: Some(profile(lab, &worker)?),
        ..Launch::default()
    };
    let newer = lab.launch(&launch)?.remove(0);
    let joining = Instant::now();
    wait_until("the newer engine is in the swarm", LIMIT, || {
        ensure!(numbers(&engine(lab, &newer)?)? >= ENGINES[1]);
        agent_is_ready(lab, &newer)
    })?;
    eprintln!("    in after {:.1} s", joining.elapsed().as_secs_f64());
    // It is in no group: the stack does not end it.
    lab.terminate(&newer)?;
    cluster.delete()
}

/// Waits for the update's end; the sets of engines that a manager knew at once. The majority stays.
fn rolled(lab: &Lab, cluster: &Cluster) -> Result<BTreeSet<BTreeSet<String>>> {
    let (stop, mut mixtures) = (AtomicBool::new(false), BTreeSet::new());
    let quorums = thread::scope(|scope| {
        let looking = scope.spawn(|| quorums(cluster, &stop));
        let complete = until_complete(lab, cluster, |_| {
            // A manager that is on its way out does not answer.
            mixtures.extend(engines(lab, cluster).ok());
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        let seen = looking.join().expect("the looking does not panic");
        complete.map(|()| seen)
    })?;
    let fewest = quorums.iter().flatten().min().copied().unwrap_or_default();
    eprintln!(
        "    {} looks, the fewest live managers {fewest}",
        quorums.len()
    );
    ensure!(fewest >= 2, "quorum was lost");
    Ok(mixtures)
}

fn engines(lab: &Lab, cluster: &Cluster) -> Result<BTreeSet<String>> {
    let words = ["node", "ls", "--format", "{{.EngineVersion}}"];
    let told = docker(lab, &manager(cluster)?.id, &words)?;
    Ok(told.lines().map(str::to_owned).collect())
}
