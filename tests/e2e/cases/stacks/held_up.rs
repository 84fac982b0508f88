//! Six stacks from a registry that nobody reaches: nothing else waits for them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Notice, Role, wait_until};

use super::seen::{equip, put, stands};
use crate::Case;
use crate::cases::support::{docker, journal_of, unique};

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "stacks::a_silent_registry_holds_nothing_up",
    run: nothing_waits,
}];

const STACKS: usize = 6;
/// How long a stop may take, and a promotion once two are ready.
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
    within(told, Instant::now(), AT_ONCE, "stopped")?;
    lab.exec(manager, &["systemctl", "start", "swarmlet"])?
        .ok()?;
    deploys(lab, cluster)
}

/// Two more managers are launched, and promoted one after the other as soon as both are ready.
fn promotes(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let format = "{{.Hostname}} {{.Status}} {{.ManagerStatus}}";
    let nodes = || docker(lab, manager, &["node", "ls", "--format", format]);
    let known = nodes()?;
    let is_new = |line: &&str| !known.contains(line.split(' ').next().unwrap_or_default());
    let count = |word: &str| -> Result<usize> {
        let list = nodes()?;
        let new = list.lines().filter(is_new);
        Ok(new.filter(|line| line.contains(word)).count())
    };
    let wait = |word: &str, wanted: usize| {
        wait_until(word, JOINED, || {
            let seen = count(word)?;
            ensure!(seen >= wanted, "{seen} of {wanted}");
            Ok(Instant::now())
        })
    };
    cluster.scale(Role::Manager, 3)?;
    let ready = wait("Ready", 2)?;
    let first = wait("Reachable", 1)?;
    within(ready, first, AT_ONCE, "promoted")?;
    within(first, wait("Reachable", 2)?, AT_ONCE, "promoted the other")?;
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
    within(told, Instant::now(), NOTICED, "acted on the notice")
}

fn within(begun: Instant, done: Instant, limit: Duration, what: &str) -> Result<()> {
    let took = done.duration_since(begun);
    eprintln!("    {what} after {:.1} s", took.as_secs_f64());
    ensure!(took <= limit, "{what} only after {took:?}");
    Ok(())
}
