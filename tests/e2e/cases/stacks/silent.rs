//! A registry that nobody reaches, and images that are on all nodes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::seen::{equip, put, run, stands, with_file};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "stacks::a_registry_that_does_not_answer",
    run: silent,
}];

/// Eight services whose images are on all nodes, and a registry that nobody reaches: as long as by hand.
fn silent(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("silent"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    equip(lab, &cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    for machine in cluster.machines()? {
        let script = "docker tag busybox:1.37 192.0.2.1/app:1
            iptables -A OUTPUT -d 192.0.2.1 -j DROP";
        lab.exec(&machine.id, &["sh", "-c", script])?.ok()?;
    }
    let service = |n: usize| {
        format!(
            "  s{n}:\n    image: 192.0.2.1/app:1\n    command: [sleep, '100000']\n    \
             deploy: {{endpoint_mode: dnsrr}}\n"
        )
    };
    let services = (0..8).map(service).collect::<Vec<_>>().concat();
    let file = format!("version: \"3.8\"\nservices:\n{services}");
    with_file(lab, &manager, "/tmp/hand.yml", &file)?;
    let begun = Instant::now();
    let words = ["docker", "stack", "deploy", "-c", "/tmp/hand.yml", "hand"];
    lab.exec_for(&manager, Duration::from_mins(10), &words)?
        .ok()?;
    let by_hand = begun.elapsed();
    docker(lab, &manager, &["stack", "rm", "hand"])?;
    let begun = Instant::now();
    put(lab, &cluster, "stacks/slow", &file)?;
    stands(lab, &cluster, "slow", "deploying")?;
    let whole = || -> Result<()> {
        let names = docker(lab, &manager, &["service", "ls", "--format", "{{.Name}}"])?;
        let there = names
            .lines()
            .filter(|name| name.starts_with("slow_"))
            .count();
        ensure!(there == 8, "{there} of 8");
        Ok(())
    };
    wait_until("all eight are there", Duration::from_mins(10), whole)?;
    let ours = begun.elapsed();
    stands(lab, &cluster, "slow", "deployed")?;
    let ratio = ours.as_secs_f64() / by_hand.as_secs_f64();
    eprintln!(
        "    by hand {:.0} s, by the agent {:.0} s, its look included: {ratio:.2} x",
        by_hand.as_secs_f64(),
        ours.as_secs_f64()
    );
    ensure!(ratio <= 1.25, "{ratio:.2} times as long as by hand");
    run(lab, &manager, "slow", 8)?;
    cluster.delete()
}
