//! A swarm as it is at a moment, to be compared with what it was: nodes, tasks, and what each machine has of them.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, Node};
use serde_json::Value;

use crate::cases::healing::seen::leader;
use crate::cases::support::{docker, node_id, unit};

const MEMBERSHIP: &str = "/var/lib/swarmlet/membership.json";

/// What a change of the agents leaves alone.
#[derive(Debug, PartialEq)]
pub(super) struct Swarm {
    /// As a manager has them: ids, names, states, who leads.
    nodes: Vec<Node>,
    /// Those that are to run, of all services.
    tasks: Vec<String>,
    machines: BTreeMap<String, Machine>,
}

/// What is on one machine.
#[derive(Debug, PartialEq)]
struct Machine {
    /// What the agent has on the disk: instance, node, swarm, epoch.
    membership: Value,
    engine: String,
    /// By their ids: a container that was started anew would have another.
    containers: String,
}

impl Swarm {
    pub(super) fn of(lab: &Lab, cluster: &Cluster) -> Result<Self> {
        let mut machines = BTreeMap::new();
        for machine in cluster.machines()? {
            machines.insert(machine.id.clone(), Machine::of(lab, &machine.id)?);
        }
        Ok(Self {
            nodes: cluster.nodes()?,
            tasks: tasks(lab, &leader(lab, cluster)?.id)?,
            machines,
        })
    }

    /// It is still as it was.
    pub(super) fn stands(&self, lab: &Lab, cluster: &Cluster) -> Result<()> {
        let now = Self::of(lab, cluster)?;
        ensure!(*self == now, "{self:#?} became {now:#?}");
        Ok(())
    }
}

impl Machine {
    fn of(lab: &Lab, id: &str) -> Result<Self> {
        let membership = lab.exec(id, &["cat", MEMBERSHIP])?.ok()?;
        let membership: Value = serde_json::from_str(&membership)?;
        let node = node_id(lab, id)?;
        ensure!(
            membership["node_id"] == *node,
            "{id} is {node}, and remembers {membership}"
        );
        Ok(Self {
            membership,
            engine: unit(lab, id, "docker.service", "MainPID")?,
            containers: docker(lab, id, &["ps", "--no-trunc", "--quiet"])?,
        })
    }
}

/// Each by its id, with its name and node.
fn tasks(lab: &Lab, manager: &str) -> Result<Vec<String>> {
    let services = docker(lab, manager, &["service", "ls", "--quiet"])?;
    let services: Vec<&str> = services.lines().collect();
    let words = ["service", "ps", "--no-trunc", "--format"];
    let what = ["{{.ID}} {{.Name}} {{.Node}}", "--filter"];
    let which = ["desired-state=running"];
    let told = docker(
        lab,
        manager,
        &[&words[..], &what, &which, &services].concat(),
    )?;
    Ok(told.lines().map(str::to_owned).collect())
}
