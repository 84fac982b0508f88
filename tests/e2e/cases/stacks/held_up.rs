//! Six stacks from a registry that nobody reaches: nothing else waits for them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Notice, Role, wait_until};

use super::seen::{equip, put, stands};
use crate::Case;
use crate::cases::support::{docker, journal_of, unique};

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "stacks::a_silent_registry_holds_nothing_up",
    run: nothing_waits,
}];

const STACKS: usize = 6;
/// How long a stop may take, and a promotion once the node is ready.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Metadata is asked every five seconds.
const NOTICED: Duration = Duration::from_secs(5);
const JOINED: Duration = Duration::from_mins(2);

fn nothing_waits(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("held-up"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    equip(lab, &cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let script = "iptables --wait --append OUTPUT --destination 192.0.2.1 --jump DROP";
    lab.exec(&manager, &["sh", "-c", script])?.ok()?;
    for number in 0..STACKS {
        let file = format!(
            "version: \"3.8\"\nservices:\n  app:\n    image: 192.0.2.1/app:{number}\n    \
             deploy: {{endpoint_mode: dnsrr}}\n"
        );
        put(lab, &cluster, &format!("stacks/s{number}"), &file)?;
    }
    stops(lab, &cluster, &manager)?;
    promotes(lab, &cluster, &manager)?;
    departs(lab, &cluster, &manager)?;
    cluster.delete()
}

/// The registry is being asked.
fn deploys(lab: &Lab, cluster: &Cluster) -> Result<()> {
    stands(lab, cluster, "s0", "deploying").map(drop)
}

fn stops(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    deploys(lab, cluster)?;
    let told = Instant::now();
    lab.exec(manager, &["systemctl", "stop", "swarmlet"])?
        .ok()?;
    within(told, AT_ONCE, "stopped")?;
    lab.exec(manager, &["systemctl", "start", "swarmlet"])?
        .ok()?;
    deploys(lab, cluster)
}

/// A second manager is launched, and promoted as soon as it is ready.
fn promotes(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let format = "{{.Self}} {{.Hostname}} {{.Status}} {{.ManagerStatus}}";
    let nodes = || docker(lab, manager, &["node", "ls", "--format", format]);
    let known = nodes()?;
    let is_known = |line: &str| {
        let name = line.split(' ').nth(1).unwrap_or_default();
        known.contains(name)
    };
    let newcomer = || -> Result<String> {
        let list = nodes()?;
        let line = list.lines().find(|line| !is_known(line));
        Ok(line.context("no new node")?.to_owned())
    };
    cluster.scale(Role::Manager, 2)?;
    wait_until("it is ready", JOINED, || {
        let line = newcomer()?;
        ensure!(line.contains("Ready"), "{line}");
        Ok(())
    })?;
    let ready = Instant::now();
    wait_until("it is a manager", JOINED, || {
        let line = newcomer()?;
        ensure!(line.ends_with("Reachable"), "{line}");
        Ok(())
    })?;
    within(ready, AT_ONCE, "promoted")?;
    deploys(lab, cluster)
}

/// The leader itself is to go.
fn departs(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let word = "departure noted in this manager's own entry";
    let said = |lab| journal_of(lab, manager).is_ok_and(|journal| journal.contains(word));
    ensure!(!said(lab), "it departs already");
    deploys(lab, cluster)?;
    lab.notice(manager, &Notice::spot(Duration::from_mins(2)))?;
    let told = Instant::now();
    wait_until("it departs", JOINED, || {
        ensure!(said(lab), "not yet");
        Ok(())
    })?;
    within(told, NOTICED, "acted on the notice")
}

fn within(begun: Instant, limit: Duration, what: &str) -> Result<()> {
    let took = begun.elapsed();
    eprintln!("    {what} after {:.1} s", took.as_secs_f64());
    ensure!(took <= limit, "{what} only after {took:?}");
    Ok(())
}
