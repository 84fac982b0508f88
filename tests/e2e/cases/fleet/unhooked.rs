//! A group that was made by hand has no lifecycle hooks: nobody waits for its managers when it ends them. The leader's
//! protection from scale-in holds an instance refresh to as many as raft can spare.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, RefreshSpec, Role};

use super::refresh::{quorums, swarm};
use super::seen::{Watch, active, manager, serve};
use crate::Case;
use crate::cases::healing::seen::epochs;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::two_refreshes_of_managers_without_hooks",
    run: twice,
}];

const FORMED: Duration = Duration::from_mins(3);
const LIMIT: Duration = Duration::from_mins(12);

fn twice(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("twice"), 3, 2))?;
    cluster.wait_whole(FORMED)?;
    active(&cluster)?;
    serve(lab, &cluster, 4)?;
    let tasks = tasks(lab, &cluster)?;
    let swarm = swarm(lab, &cluster)?;
    let watch = Watch::start();
    for time in ["first", "second"] {
        refreshed(&cluster)?;
        watch.say(&format!("the {time} refresh was done"));
        ensure!(self::swarm(lab, &cluster)? == swarm, "it is another swarm");
        ensure!(self::tasks(lab, &cluster)? == tasks, "tasks were lost");
    }
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    cluster.delete()
}

/// Replaces all managers, as AWS does when nobody says how; a majority of them answers at all times.
fn refreshed(cluster: &Cluster) -> Result<()> {
    let before = cluster.machines_of(Role::Manager)?;
    let stop = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let looking = scope.spawn(|| quorums(cluster, &stop));
        let done = cluster
            .start_refresh(Role::Manager, &RefreshSpec::default())
            .and_then(|id| cluster.wait_refresh(Role::Manager, &id, LIMIT));
        stop.store(true, Ordering::Relaxed);
        let seen = looking.join().expect("the looking does not panic");
        done.map(|()| seen)
    })?;
    // One entry of the dead in five minutes.
    cluster.wait_whole(Duration::from_mins(16))?;
    let fewest = seen.iter().flatten().min().context("nothing was seen")?;
    eprintln!(
        "    {} looks, the fewest live managers {fewest}",
        seen.len()
    );
    ensure!(*fewest >= 2, "quorum was lost");
    let after = cluster.machines_of(Role::Manager)?;
    ensure!(
        before
            .iter()
            .all(|old| after.iter().all(|new| new.id != old.id)),
        "not all were replaced"
    );
    Ok(())
}

/// The service's tasks that are to run, by id.
fn tasks(lab: &Lab, cluster: &Cluster) -> Result<Vec<String>> {
    let manager = manager(cluster)?.id;
    let words = [
        "service",
        "ps",
        "--quiet",
        "--filter",
        "desired-state=running",
        "fleet",
    ];
    let told = docker(lab, &manager, &words)?;
    let mut tasks: Vec<String> = told.lines().map(str::to_owned).collect();
    tasks.sort();
    Ok(tasks)
}
