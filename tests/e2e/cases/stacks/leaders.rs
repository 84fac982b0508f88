//! A leader that dies in the middle of a deployment, and a swarm that is lost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::refused::{SHARED, USER};
use super::seen::{LOOK, equip, idle, leader, put, run, said, stands};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "stacks::a_leader_killed_while_it_deploys",
    run: killed,
}];

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "stacks::come_back_in_a_new_swarm",
    run: lost,
}];

/// Cuts the machine's power when the note of the deployment says that it has begun.
const TRAP: &str =
    "until docker info --format '{{json .Swarm.Cluster.Spec.Labels}}' | grep -q begun; do :; done
systemctl poweroff --force --force";
/// Docker asks in vain for the image of each, for five seconds.
const SERVICES: usize = 4;

fn killed(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("deposed"), 3, 1))?;
    cluster.wait_whole(Duration::from_mins(3))?;
    equip(lab, &cluster)?;
    let first = leader(lab, &cluster)?;
    let words = ["systemd-run", "--quiet", "sh", "-c", TRAP];
    lab.exec(&first, &words)?.ok()?;
    put(lab, &cluster, "stacks/many", &many())?;
    let next = wait_until("another manager leads", Duration::from_mins(2), || {
        let now = leader(lab, &cluster)?;
        ensure!(now != first, "still {first}");
        Ok(now)
    })?;
    let changed = Instant::now();
    run(lab, &next, "many", SERVICES)?;
    stands(lab, &cluster, "many", "deployed")?;
    let time = changed.elapsed().as_secs_f64();
    eprintln!("    finished {time:.1} s after the next one led");
    std::thread::sleep(LOOK * 2);
    let others = cluster
        .machines_of(Role::Manager)?
        .into_iter()
        .map(|m| m.id);
    let others: Vec<String> = others.filter(|id| *id != first).collect();
    let told = said(lab, &others, "stack many deployed")?;
    ensure!(told == 1, "it was deployed {told} times by the others");
    // A service that was made twice, or changed, would have tasks that were shut down.
    let words = [
        "stack",
        "ps",
        "many",
        "--format",
        "{{.Name}} {{.DesiredState}}",
    ];
    let all = docker(lab, &next, &words)?;
    ensure!(all.lines().count() == SERVICES, "{all}");
    cluster.delete()
}

fn many() -> String {
    let service = |number: usize| {
        format!(
            "  s{number}:\n    image: busybox:1.37\n    command: [sleep, '100000']\n    \
             deploy: {{endpoint_mode: dnsrr}}\n"
        )
    };
    let services: Vec<String> = (0..SERVICES).map(service).collect();
    format!("services:\n{}", services.concat())
}

/// All managers are terminated; the group launches another, which makes a new swarm. A network that one stack declares for
/// another is there again.
fn lost(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("reborn"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    equip(lab, &cluster)?;
    for name in ["one", "two"] {
        put(
            lab,
            &cluster,
            &format!("stacks/{name}"),
            &idle("busybox:1.37", 1),
        )?;
        stands(lab, &cluster, name, "deployed")?;
    }
    for (name, file) in [("user", USER), ("shared", SHARED)] {
        put(lab, &cluster, &format!("stacks/{name}"), file)?;
    }
    stands(lab, &cluster, "user", "deployed")?;
    let old = cluster.machines_of(Role::Manager)?.remove(0).id;
    lab.terminate(&old)?;
    let lost = Instant::now();
    let manager = wait_until(
        "another manager forms a swarm",
        Duration::from_mins(5),
        || {
            let manager = leader(lab, &cluster)?;
            ensure!(manager != old, "still {old}");
            Ok(manager)
        },
    )?;
    equip(lab, &cluster)?;
    for name in ["one", "two", "user"] {
        stands(lab, &cluster, name, "deployed")?;
        run(lab, &manager, name, 1)?;
    }
    let time = lost.elapsed().as_secs_f64();
    eprintln!("    the stacks run in the new swarm {time:.1} s after the old one was lost");
    cluster.delete()
}
