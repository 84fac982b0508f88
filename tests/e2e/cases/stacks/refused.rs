//! What Docker would refuse is refused before anything is made, and does not stand in the way later.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::seen::{equip, erase, leader, put, run, stands};
use crate::Case;
use crate::cases::support::{docker, node_id, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "stacks::are_refused_before_anything_is_made",
    run: refused,
}];

/// The stack file of a tutorial that is everywhere: what worked on one machine does not on a swarm.
const TUTORIAL: &str = "version: \"3.8\"
services:
  web:
    image: busybox:1.37
    command: [sleep, '100000']
    networks:
      - frontend
      - backend
    deploy: {endpoint_mode: dnsrr}
networks:
  frontend:
    driver: bridge
  backend:
    driver: bridge
";

fn refused(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("refused"), 3, 1))?;
    cluster.wait_whole(Duration::from_mins(3))?;
    equip(lab, &cluster)?;
    let first = leader(lab, &cluster)?;
    put(lab, &cluster, "stacks/app", TUTORIAL)?;
    put(
        lab,
        &cluster,
        "stacks/named",
        "configs:\n  c: {file: ./not-there}\n",
    )?;
    put(lab, &cluster, "stacks/user", USER)?;
    for (name, says) in [
        (
            "app",
            "networks.frontend, line 11: the driver bridge makes a network of one machine",
        ),
        (
            "named",
            "configs.c, line 2: ./not-there would be read on whichever manager leads",
        ),
        (
            "user",
            "networks.proxy, line 8: the swarm has no network shared-net",
        ),
    ] {
        let stack = stands(lab, &cluster, name, "failed")?;
        ensure!(stack["error"].to_string().contains(says), "{stack}");
    }
    let networks = docker(lab, &first, &["network", "ls", "--format", "{{.Name}}"])?;
    ensure!(!networks.contains("app_"), "something was made: {networks}");
    // What an earlier version of the agent left on every manager that led.
    for machine in cluster.machines_of(Role::Manager)? {
        let words = ["network", "create", "--driver", "bridge", "--label"];
        let label = ["com.docker.stack.namespace=app", "app_frontend"];
        docker(lab, &machine.id, &[&words[..], &label].concat())?;
    }
    docker(lab, &first, &["node", "demote", &node_id(lab, &first)?])?;
    let next = wait_until("another manager leads", Duration::from_mins(1), || {
        let now = leader(lab, &cluster)?;
        ensure!(now != first, "still {first}");
        Ok(now)
    })?;
    let mended = Instant::now();
    put(
        lab,
        &cluster,
        "stacks/app",
        &TUTORIAL
            .replace("bridge", "overlay")
            .replace("{endpoint_mode", "{mode: global, endpoint_mode"),
    )?;
    put(lab, &cluster, "stacks/shared", SHARED)?;
    for name in ["app", "shared", "user"] {
        stands(lab, &cluster, name, "deployed")?;
    }
    // On every manager too, whose own agent has taken away what was left there.
    run(lab, &next, "app", 4)?;
    run(lab, &next, "user", 1)?;
    eprintln!(
        "    mended, and the next manager led: {:.1} s",
        mended.elapsed().as_secs_f64()
    );
    erase(lab, &cluster, "stacks/app")?;
    wait_until("app is gone", Duration::from_mins(3), || {
        let networks = docker(lab, &next, &["network", "ls", "--format", "{{.Name}}"])?;
        ensure!(!networks.contains("app_"), "{networks}");
        Ok(())
    })?;
    cluster.delete()
}

/// A network that others use.
pub(super) const SHARED: &str = "networks:\n  net: {name: shared-net, attachable: true}\n";
/// One of them.
pub(super) const USER: &str = "services:
  app:
    image: busybox:1.37
    command: [sleep, '100000']
    networks: [proxy]
    deploy: {endpoint_mode: dnsrr}
networks:
  proxy: {external: true, name: shared-net}
";
