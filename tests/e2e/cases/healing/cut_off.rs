//! Nodes that are cut off from everybody and come back: nothing is done on them, and nothing has
//! to be.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, Role};

use super::seen::{Fault, epochs, followers, formed, leader, long, one_swarm};
use crate::Case;
use crate::cases::support::{journal_of, node_id, requests_of};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::a_manager_and_a_worker_cut_off",
    run: both,
}];

/// Longer than all patience of a manager without a leader.
const USUAL: Duration = Duration::from_secs(150);
const LONG: Duration = Duration::from_mins(10);
const LOOK: Duration = Duration::from_secs(5);

/// One cluster for both: a manager without a leader for so long that it could think of forcing a
/// cluster of its own, and a worker whose managers are silent.
fn both(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "cut", 3, 2)?;
    let swarm = one_swarm(lab, &cluster)?;
    let (manager, worker) = (
        followers(lab, &cluster)?.remove(0).id,
        cluster.machines_of(Role::Worker)?.remove(0).id,
    );
    let leader = leader(lab, &cluster)?.id;
    let before = [node_id(lab, &manager)?, node_id(lab, &worker)?];
    let calls = requests_of(lab, &worker)?.len();
    let cables = (lab.unplug(&manager)?, lab.unplug(&worker)?);
    alone(&cluster, [&leader, &manager], &before)?;
    drop(cables);
    let fault = Fault::now();
    cluster.wait_whole(Duration::from_mins(3))?;
    fault.healed("a manager and a worker plugged in again", &(0..=120))?;
    let after = [node_id(lab, &manager)?, node_id(lab, &worker)?];
    ensure!(after == before, "they are other nodes now");
    ensure!(one_swarm(lab, &cluster)? == swarm, "it is another swarm");
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    let journal = journal_of(lab, &manager)?;
    ensure!(!journal.contains("forcing a new cluster"), "{journal}");
    let added = requests_of(lab, &worker)?.len() - calls;
    eprintln!("    the worker called AWS {added} times");
    ensure!(added <= 4, "the worker called AWS {added} times");
    cluster.delete()
}

/// All the time the majority has a leader and the cut off manager has none: a second swarm would
/// show a list of nodes there.
fn alone(cluster: &Cluster, [leader, manager]: [&str; 2], cut: &[String]) -> Result<()> {
    let length = if long() { LONG } else { USUAL };
    let fault = Fault::now();
    let settled = Duration::from_mins(1);
    while fault.age() < length.as_secs_f64() {
        thread::sleep(LOOK);
        if fault.age() < settled.as_secs_f64() {
            continue;
        }
        let alone = cluster.nodes_of(manager);
        ensure!(alone.is_err(), "the cut off manager leads: {alone:?}");
        let nodes = cluster.nodes_of(leader)?;
        let gone = |id: &String| nodes.iter().any(|n| n.id == *id && n.status == "Down");
        ensure!(cut.iter().all(gone), "nobody was cut off: {nodes:?}");
    }
    eprintln!("    cut off for {:.0} s", fault.age());
    Ok(())
}
