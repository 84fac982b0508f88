//! All managers and all workers are replaced, one after another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, RefreshSpec, Role, wait_until};

use super::seen::{HOOK, Watch, active, entry, manager};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::all_managers_and_workers_refreshed",
    run: all,
}];

const FORMED: Duration = Duration::from_mins(3);
const LIMIT: Duration = Duration::from_mins(12);

fn all(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        launching_hook: Some(HOOK),
        terminating_hook: Some(HOOK),
        ..ClusterSpec::new(&unique("refresh"), 3, 6)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(FORMED)?;
    let before = cluster.machines()?;
    let swarm = swarm(lab, &cluster)?;
    let watch = Watch::start();
    let stop = AtomicBool::new(false);
    let quorums = thread::scope(|scope| {
        let looking = scope.spawn(|| quorums(&cluster, &stop));
        let refreshed = refresh(&cluster, &watch);
        stop.store(true, Ordering::Relaxed);
        let seen = looking.join().expect("the looking does not panic");
        refreshed.map(|()| seen)
    })?;
    cluster.wait_whole(Duration::from_mins(3))?;
    watch.say("the node list was clean");
    let blind = quorums.iter().filter(|live| live.is_none()).count();
    let fewest = quorums.iter().flatten().min().context("nothing was seen")?;
    eprintln!(
        "    {} looks, the fewest live managers {fewest}, {blind} without an answer",
        quorums.len()
    );
    ensure!(*fewest >= 2, "quorum was lost");
    // A leader that demotes itself is silent for the length of an election.
    ensure!(
        blind * 4 < quorums.len(),
        "no manager answered {blind} times"
    );
    renewed(lab, &cluster, &before, &swarm)?;
    cluster.delete()
}

fn refresh(cluster: &Cluster, watch: &Watch) -> Result<()> {
    for role in [Role::Manager, Role::Worker] {
        let spec = RefreshSpec {
            max_healthy_percent: 134,
            ..RefreshSpec::default()
        };
        let id = cluster.start_refresh(role, &spec)?;
        cluster.wait_refresh(role, &id, LIMIT)?;
        watch.say(&format!("all {}s were replaced", role.name()));
    }
    Ok(())
}

/// How many managers were live, look by look; none where nobody could tell.
pub(super) fn quorums(cluster: &Cluster, stop: &AtomicBool) -> Vec<Option<usize>> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let live = |nodes: Vec<lab::Node>| nodes.iter().filter(|n| n.is_live_manager()).count();
        seen.push(cluster.nodes().ok().map(live));
        thread::sleep(Duration::from_millis(500));
    }
    seen
}

/// The same swarm, other machines, each labelled and given tasks.
pub(super) fn renewed(
    lab: &Lab,
    cluster: &Cluster,
    before: &[lab::Instance],
    swarm: &str,
) -> Result<()> {
    ensure!(self::swarm(lab, cluster)? == swarm, "it is another swarm");
    active(cluster)?;
    let manager = manager(cluster)?.id;
    for machine in cluster.machines()? {
        ensure!(
            before.iter().all(|old| old.id != machine.id),
            "{} is old",
            machine.id
        );
        let entry = entry(lab, &manager, &machine.id)?;
        let labels = &entry["Spec"]["Labels"];
        ensure!(
            labels["swarmlet.instance-id"] == machine.id.as_str(),
            "{labels}"
        );
        ensure!(labels["swarmlet.zone"] == machine.zone.as_str(), "{labels}");
    }
    Ok(())
}

pub(super) fn swarm(lab: &Lab, cluster: &Cluster) -> Result<String> {
    let manager = manager(cluster)?.id;
    let words = ["info", "--format", "{{.Swarm.Cluster.ID}}"];
    let what = "a manager says which swarm it is in";
    wait_until(what, Duration::from_secs(30), || {
        docker(lab, &manager, &words)
    })
}
