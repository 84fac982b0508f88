//! What people and programs see of a node and of its swarm: status, metrics, dashboard.
//!
//! The whole swarm as people look at it is one picture for `swarmlet status` and the dashboard.
//!
//! Types that are only shown. Nothing secret is among them: no environment, no arguments, no token.

mod assemble;
pub mod dashboard;
mod gather;
pub mod metrics;
pub mod namesakes;
pub mod notify;
pub mod ready;
pub mod report;
pub mod serve;
pub mod status;
pub mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::status::stacks::StackState;

pub use assemble::assemble;
pub use gather::{Unseen, gather};

/// The swarm, as one manager sees it at one time. Times are seconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SwarmView {
    /// When it was looked at.
    pub at: u64,
    /// The cluster's name; none where the agent has not said it.
    pub cluster: Option<String>,
    /// Which swarm of the cluster this is.
    pub epoch: Option<u64>,
    /// How many seconds ago the ticket was issued that joiners read, as far as this node's agent knows.
    pub ticket_age: Option<u64>,
    /// Docker's id of the node that leads; none during an election.
    pub leader: Option<String>,
    /// The nodes, managers first.
    pub nodes: Vec<NodeView>,
    /// The services, by name.
    pub services: Vec<ServiceView>,
    /// The tasks, by service: those that run or should, and the last failure of those that do not.
    pub tasks: Vec<TaskView>,
    /// The stacks, by name.
    pub stacks: Vec<StackView>,
    /// The nodes that are on their way out.
    pub departures: Vec<DepartureView>,
}

/// A node of the swarm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NodeView {
    /// Docker's id of it.
    pub id: String,
    /// Its host's name.
    pub hostname: String,
    /// Its instance.
    pub instance_id: Option<String>,
    /// `manager` or `worker`: what it is meant to be.
    pub role: String,
    /// Its availability zone.
    pub zone: Option<String>,
    /// Its instance type.
    pub instance_type: Option<String>,
    /// Its pool, by the label that the pool's template gives; none of the cluster's own workers and managers.
    pub pool: Option<String>,
    /// `ready`, `down`, `unknown` (after a change of leader, for some seconds) or `disconnected`.
    pub state: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
    /// Its part in raft, if it has one.
    pub manager: Option<ManagerView>,
    /// Whether it is on its way out.
    pub departing: bool,
    /// Why it does not belong to the cluster, if the leader says so: `no-instance`, `unknown-instance`, `instance-ended`,
    /// `other-address`, `other-cluster`, `second-claim` or `unrecorded`.
    pub refused: Option<String>,
    /// Since when Docker has changed nothing of its entry: neither its state nor its availability, role
    /// or labels. So it has been in its state for at least so long; Docker keeps no other time.
    pub since: Option<u64>,
    /// Its address.
    pub address: Option<String>,
    /// The version of its engine.
    pub engine: Option<String>,
    /// The labels of its entry.
    pub labels: BTreeMap<String, String>,
}

/// A node's part in raft.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ManagerView {
    /// It leads.
    Leader,
    /// The others reach it.
    Reachable,
    /// The others do not.
    Unreachable,
}

impl ManagerView {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Reachable => "reachable",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServiceView {
    /// Docker's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The stack that it is part of.
    pub stack: Option<String>,
    /// `replicated`, `global`, `replicated-job` or `global-job`.
    pub mode: String,
    /// The image that its tasks run.
    pub image: Option<String>,
    /// How many tasks there should be.
    pub wanted: u64,
    /// How many of them run.
    pub running: u64,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TaskView {
    /// Docker's id of it.
    pub id: String,
    /// The name of its service.
    pub service: String,
    /// Which of the replicas it is; none of a global service.
    pub slot: Option<u64>,
    /// The name of the node that it was given to; none while it waits for one.
    pub node: Option<String>,
    /// Docker's id of that node.
    pub node_id: Option<String>,
    /// What it does: `running`, `preparing`, `failed`, ….
    pub state: String,
    /// What it should do: `running`, `shutdown`, ….
    pub desired: String,
    /// Since when it is in its state.
    pub since: Option<u64>,
    /// Why it failed, or why it waits.
    pub error: Option<String>,
    /// The image that it runs.
    pub image: Option<String>,
}

/// A stack: its services, and what the leader's agent says of it, where that is this node's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StackView {
    /// Its name.
    pub name: String,
    /// How many services it has.
    pub services: u64,
    /// How many tasks it should have.
    pub wanted: u64,
    /// How many of them run.
    pub running: u64,
    /// Where its file is.
    pub source: Option<String>,
    /// How it stands.
    pub state: Option<StackState>,
    /// Since when.
    pub since: Option<u64>,
    /// Why it is not deployed as wanted.
    pub error: Option<String>,
}

/// A node on its way out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DepartureView {
    /// Docker's id of the node.
    pub node_id: String,
    /// Its host's name.
    pub hostname: String,
    /// Until when it can wait; none where nothing presses.
    pub deadline: Option<u64>,
    /// How many tasks still run on it.
    pub tasks: u64,
    /// Why: `scale-in`, `spot-terminate`, `leave`, …. Known on the node itself only.
    pub cause: Option<String>,
}
