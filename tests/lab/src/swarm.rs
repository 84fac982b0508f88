//! A cluster's swarm, as its managers' engines tell it, and watching it form.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::admin::Instance;
use crate::cluster::{Cluster, Role};
use crate::terminal::say;
use crate::wait::wait_until;

/// A line of `docker node ls`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// The node's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its name.
    pub hostname: String,
    /// `Ready`, `Down`, `Unknown`.
    pub status: String,
    /// `Active`, `Drain`, `Pause`.
    pub availability: String,
    /// `Leader`, `Reachable`, `Unreachable`; empty for a worker.
    pub manager_status: String,
}

impl Node {
    /// Whether it is a manager that takes part.
    pub fn is_live_manager(&self) -> bool {
        matches!(self.manager_status.as_str(), "Leader" | "Reachable")
    }
}

impl Cluster {
    /// The nodes, from the first manager that can tell.
    pub fn nodes(&self) -> Result<Vec<Node>> {
        let mut reasons = Vec::new();
        for manager in self.machines_of(Role::Manager)? {
            match self.nodes_of(&manager.id) {
                Ok(nodes) => return Ok(nodes),
                Err(error) => {
                    let why = format!("{error:#}");
                    reasons.push(format!("{}: {}", manager.id, why.trim()));
                }
            }
        }
        ensure!(!reasons.is_empty(), "no manager is launched");
        bail!("{}", reasons.join("; "))
    }

    /// The nodes, from one manager.
    pub fn nodes_of(&self, manager: &str) -> Result<Vec<Node>> {
        let argv = ["docker", "node", "ls", "--format", "{{json .}}"];
        parse(&self.lab().exec(manager, &argv)?.ok()?)
    }

    /// Waits until the swarm is whole: a Ready node for each machine, a live manager for each
    /// manager machine, one of them the leader; each manager answers (one that raft reaches may be "being prepared" for a
    /// moment yet). Prints what the machines say meanwhile.
    pub fn wait_whole(&self, limit: Duration) -> Result<Vec<Node>> {
        let mut progress = Progress::new();
        wait_until(
            &format!("the swarm of {} is whole", self.name()),
            limit,
            || {
                let machines = self.machines()?;
                progress.tell(self, &machines);
                let managers = self.machines_of(Role::Manager)?;
                let nodes = self.nodes()?;
                whole(&nodes, machines.len(), managers.len())?;
                for manager in managers {
                    self.nodes_of(&manager.id)?;
                }
                Ok(nodes)
            },
        )
    }
}

/// Says what is missing, if something is.
fn whole(nodes: &[Node], machines: usize, managers: usize) -> Result<()> {
    let ready = nodes.iter().filter(|node| node.status == "Ready").count();
    let live = nodes.iter().filter(|node| node.is_live_manager()).count();
    let leaders = nodes
        .iter()
        .filter(|node| node.manager_status == "Leader")
        .count();
    ensure!(
        ready == machines && nodes.len() == machines,
        "{ready} of {} nodes are Ready, {machines} are wanted",
        nodes.len()
    );
    ensure!(
        live == managers,
        "{live} of {managers} managers are reachable"
    );
    ensure!(leaders == 1, "there are {leaders} leaders");
    Ok(())
}

fn parse(lines: &str) -> Result<Vec<Node>> {
    lines
        .lines()
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("cannot read a node: {line}"))
        })
        .collect()
}

/// Prints a machine's state whenever it has changed.
struct Progress {
    started: Instant,
    told: BTreeMap<String, String>,
}

impl Progress {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            told: BTreeMap::new(),
        }
    }

    fn tell(&mut self, cluster: &Cluster, machines: &[Instance]) {
        for machine in machines {
            let state = state(cluster, &machine.id);
            if self.told.get(&machine.id) != Some(&state) {
                let role = machine.tag("swarm:role").unwrap_or("-");
                let seconds = self.started.elapsed().as_secs_f64();
                say(format_args!(
                    "  {seconds:6.1} s  {} {role:<8} {state}",
                    machine.id
                ));
                self.told.insert(machine.id.clone(), state);
            }
        }
    }
}

/// What the agent's unit says of itself.
fn state(cluster: &Cluster, id: &str) -> String {
    let argv = [
        "systemctl",
        "show",
        "swarmlet.service",
        "--property=ActiveState,StatusText",
    ];
    match cluster.lab().exec(id, &argv) {
        Ok(output) if output.success() => told(&output.stdout),
        _ => "boots".to_owned(),
    }
}

/// Of `systemctl show`, which prints the properties in an order of its own.
fn told(properties: &str) -> String {
    let value = |name: &str| {
        let mut lines = properties.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
    };
    match (value("ActiveState="), value("StatusText=")) {
        (active, "") => format!("agent {active}"),
        (active, text) => format!("agent {active}: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(status: &str, manager: &str) -> Node {
        Node {
            id: "n".into(),
            hostname: "h".into(),
            status: status.into(),
            availability: "Active".into(),
            manager_status: manager.into(),
        }
    }

    #[test]
    fn reads_what_docker_prints() {
        let line = r#"{"Availability":"Active","EngineVersion":"26.1.5","Hostname":"a-manager-1","ID":"x1","ManagerStatus":"Leader","Self":true,"Status":"Ready","TLSStatus":"Ready"}"#;
        let nodes = parse(line).expect("readable");
        assert_eq!(nodes[0].hostname, "a-manager-1");
        assert!(nodes[0].is_live_manager());
    }

    #[test]
    fn tells_state_and_status() {
        assert_eq!(
            told("StatusText=waits\nActiveState=activating\n"),
            "agent activating: waits"
        );
        assert_eq!(told("ActiveState=failed\nStatusText=\n"), "agent failed");
    }

    #[test]
    fn whole_wants_every_machine_and_one_leader() {
        let good = [
            node("Ready", "Leader"),
            node("Ready", "Reachable"),
            node("Ready", ""),
        ];
        assert!(whole(&good, 3, 2).is_ok());
        assert!(whole(&good, 4, 2).is_err(), "a machine has no node");
        assert!(whole(&good, 3, 3).is_err(), "a manager is still a worker");
        let down = [node("Ready", "Leader"), node("Down", ""), node("Ready", "")];
        assert!(whole(&down, 2, 1).is_err(), "an old entry is left");
        let headless = [node("Ready", "Reachable"), node("Ready", "Reachable")];
        assert!(whole(&headless, 2, 2).is_err(), "nobody leads");
    }
}
