//! What the cases of a fleet's life need: a service with tasks, samples of it, and hooks that were completed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Cluster, ClusterSpec, Image, Instance, Lab, Requests, Role, wait_until};
use serde_json::Value;

use crate::cases::support::{IMPORT, docker, unique};

const FORMED: Duration = Duration::from_mins(3);
/// Hooks wait this long for a heartbeat: a departure that needs it all was not completed, but timed out.
pub(in crate::cases) const HOOK: Duration = Duration::from_mins(5);
const SERVICE: &str = "fleet";
/// A task that needs two seconds to end, as it should when it is told to.
pub(in crate::cases) const TASK: &str = "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.2; done";
const SAMPLE: &str = "while :; do docker service ls --format 'R {{.Replicas}}'; \
                      docker service ps fleet --format 'T {{.Node}} {{.CurrentState}} {{.Error}}' | sort | uniq -c; \
                      sleep 0.05; done >/run/samples 2>/dev/null";

/// A cluster whose groups have hooks for what leaves.
pub(in crate::cases) fn formed(
    lab: &Lab,
    name: &str,
    managers: u32,
    workers: u32,
) -> Result<Cluster> {
    formed_of(lab, &Image::Baked, name, managers, workers)
}

/// The same, of another image.
pub(super) fn formed_of(
    lab: &Lab,
    image: &Image,
    name: &str,
    managers: u32,
    workers: u32,
) -> Result<Cluster> {
    let spec = ClusterSpec {
        image: image.clone(),
        terminating_hook: Some(HOOK),
        worker_max: 25,
        ..ClusterSpec::new(&unique(name), managers, workers)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(FORMED)?;
    active(&cluster)?;
    Ok(cluster)
}

/// Waits until all nodes have their labels and are given tasks.
pub(in crate::cases) fn active(cluster: &Cluster) -> Result<()> {
    wait_until("all nodes are active", Duration::from_mins(1), || {
        let nodes = cluster.nodes()?;
        let idle = nodes.iter().filter(|n| n.availability != "Active").count();
        ensure!(idle == 0, "{idle} of {} are not", nodes.len());
        Ok(())
    })
}

/// One of the managers.
pub(in crate::cases) fn manager(cluster: &Cluster) -> Result<Instance> {
    let first = cluster.machines_of(Role::Manager)?.into_iter().next();
    first.context("there is no manager")
}

/// Gives a worker the image of the tasks.
pub(in crate::cases) fn stock(lab: &Lab, id: &str) -> Result<()> {
    lab.exec(id, &["sh", "-c", IMPORT])?.ok().map(drop)
}

/// A service with so many tasks on the workers, all running.
pub(super) fn serve(lab: &Lab, cluster: &Cluster, replicas: usize) -> Result<()> {
    for machine in cluster.machines_of(Role::Worker)? {
        stock(lab, &machine.id)?;
    }
    let manager = manager(cluster)?.id;
    let count = replicas.to_string();
    let words = [
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--name",
        SERVICE,
    ];
    let where_to = ["--constraint", "node.role==worker", "--replicas", &count];
    let how = [
        "--stop-grace-period",
        "15s",
        "lab/sleeper",
        "/usr/bin/dash",
        "-c",
        TASK,
    ];
    docker(lab, &manager, &[&words[..], &where_to, &how].concat())?;
    wait_until("all replicas run", Duration::from_mins(1), || {
        let told = docker(
            lab,
            &manager,
            &["service", "ls", "--format", "{{.Replicas}}"],
        )?;
        ensure!(told == format!("{replicas}/{replicas}"), "{told}");
        Ok(())
    })
}

/// Starts to look at the service about ten times a second, on a manager.
pub(super) fn sample(lab: &Lab, manager: &str) -> Result<()> {
    let words = [
        "systemd-run",
        "--quiet",
        "--unit=samples",
        "sh",
        "-c",
        SAMPLE,
    ];
    lab.exec(manager, &words)?.ok().map(drop)
}

/// What was seen of the service.
pub(super) struct Samples {
    /// The fewest tasks that ran at once.
    pub(super) fewest: usize,
    /// The most tasks that ran on each node at once, by its hostname.
    most: BTreeMap<String, usize>,
    /// Tasks that did not end by themselves.
    pub(super) killed: usize,
}

/// Ends the looking.
pub(super) fn samples(lab: &Lab, manager: &str) -> Result<Samples> {
    lab.exec(manager, &["systemctl", "stop", "samples"])?.ok()?;
    let text = lab.exec(manager, &["cat", "/run/samples"])?.ok()?;
    let running = text.lines().filter_map(|line| {
        let told = line.strip_prefix("R ")?;
        told.split('/').next()?.parse::<usize>().ok()
    });
    let running: Vec<usize> = running.collect();
    let killed = text.lines().filter(|line| line.contains("non-zero exit"));
    let seen = Samples {
        fewest: running.iter().copied().min().context("nothing was seen")?,
        most: most_on_each(&text),
        killed: killed.count(),
    };
    eprintln!(
        "    {} looks at the service: {} tasks at the fewest, {} killed",
        running.len(),
        seen.fewest,
        seen.killed
    );
    Ok(seen)
}

impl Samples {
    /// The most tasks that ran on an instance at once.
    pub(super) fn most_on(&self, id: &str) -> usize {
        let short = id.get(2..10).unwrap_or(id);
        let on = self.most.iter().filter(|(host, _)| host.ends_with(short));
        on.map(|(_, most)| *most).max().unwrap_or_default()
    }
}

/// Of lines like `2 T worker-1 Running 3 seconds ago`, between those that begin a look.
fn most_on_each(text: &str) -> BTreeMap<String, usize> {
    let (mut most, mut now) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["R", ..] => now.clear(),
            [count, "T", host, "Running", ..] => {
                let tasks: &mut usize = now.entry(host.to_owned()).or_default();
                *tasks += count.parse().unwrap_or(0);
                let before: &mut usize = most.entry(host.to_owned()).or_default();
                *before = (*before).max(*tasks);
            }
            _ => {}
        }
    }
    most
}

/// Waits until an instance is terminated.
pub(in crate::cases) fn ended(lab: &Lab, id: &str, limit: Duration) -> Result<()> {
    wait_until(&format!("{id} has ended"), limit, || {
        let instance = lab.instance(id)?;
        ensure!(instance.terminated(), "it is {}", instance.state);
        Ok(())
    })
}

/// Its hook was completed, once, by itself: not by a time-out, and not given up.
pub(in crate::cases) fn completed(lab: &Lab, id: &str) -> Result<()> {
    let wanted = Requests::to("autoscaling")
        .action("CompleteLifecycleAction")
        .instance(id);
    let requests = lab.requests(&wanted)?;
    let good: Vec<_> = requests.iter().filter(|r| r.status == Some(200)).collect();
    ensure!(
        good.len() == 1,
        "{id} completed its hook {} times",
        good.len()
    );
    ensure!(good[0].target.contains("CONTINUE"), "{:?}", good[0].target);
    Ok(())
}

/// A node's entry, as a manager has it, by its instance's id.
pub(in crate::cases) fn entry(lab: &Lab, manager: &str, id: &str) -> Result<Value> {
    let ids = docker(lab, manager, &["node", "ls", "-q"])?;
    for node in ids.lines() {
        let text = docker(
            lab,
            manager,
            &["node", "inspect", "--format", "{{json .}}", node],
        )?;
        let entry: Value = serde_json::from_str(&text)?;
        if entry["Description"]["Engine"]["Labels"]["swarmlet.instance-id"] == id {
            return Ok(entry);
        }
    }
    bail!("{manager} has no entry of {id}")
}

/// How long something took, printed.
pub(in crate::cases) struct Watch(Instant);

impl Watch {
    pub(in crate::cases) fn start() -> Self {
        Self(Instant::now())
    }

    pub(in crate::cases) fn say(&self, what: &str) -> Duration {
        let took = self.0.elapsed();
        eprintln!("    {what} after {:.1} s", took.as_secs_f64());
        took
    }
}
