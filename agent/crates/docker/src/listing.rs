//! Everything in a swarm that a manager's engine lists, without what could be secret: no environment,
//! no arguments, no token.

use std::collections::BTreeMap;

use protocol::NodeEntry;

/// What a manager lists at one time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    /// The nodes.
    pub nodes: Vec<ListedNode>,
    /// The services.
    pub services: Vec<ListedService>,
    /// The tasks, also those that have ended and are still remembered.
    pub tasks: Vec<ListedTask>,
}

/// A node, with what only people want to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedNode {
    /// What the agent goes by.
    pub entry: NodeEntry,
    /// Its host's name.
    pub hostname: String,
    /// `ready`, `down`, `unknown` or `disconnected`.
    pub state: String,
    /// When its entry changed last, in seconds since the Unix epoch.
    pub updated: Option<u64>,
    /// Its engine's version.
    pub engine: Option<String>,
}

/// A service.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListedService {
    /// Docker's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `replicated`, `global`, `replicated-job` or `global-job`.
    pub mode: &'static str,
    /// The image that its tasks run.
    pub image: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How many tasks there should be.
    pub wanted: Option<u64>,
}

/// A task.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListedTask {
    /// Docker's id of it.
    pub id: String,
    /// Docker's id of its service.
    pub service: String,
    /// Which of the replicas it is; none of a global service.
    pub slot: Option<u64>,
    /// Docker's id of the node that it was given to.
    pub node: Option<String>,
    /// What it does: `running`, `preparing`, `failed`, ….
    pub state: String,
    /// What it should do: `running`, `shutdown`, ….
    pub desired: String,
    /// Since when it is in its state, in seconds since the Unix epoch.
    pub since: Option<u64>,
    /// Why it failed, or why it waits.
    pub error: Option<String>,
    /// The image that it runs.
    pub image: Option<String>,
}
