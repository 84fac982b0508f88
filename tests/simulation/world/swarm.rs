//! A swarm: one raft history, which all of its managers share.
//!
//! The log itself is not simulated: what is committed is at once on every manager. Forcing a new
//! cluster starts another history under the same id.

use std::collections::BTreeMap;
use std::time::Duration;

use docker::InitRequest;
use protocol::SWARM_PORT;
use protocol::{Availability, Origin, Role};

use super::State;
use super::engine::{Phase, Place};
use super::machine::MachineId;
use super::strangers::Stranger;
use super::tasks::Task;

/// Its place in the list of swarms, for ever.
pub(crate) type SwarmId = usize;

/// One raft history.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    /// `O=` of its certificates; the same after a forced new cluster.
    pub(crate) name: String,
    pub(crate) ca_digest: String,
    /// How often its token was rotated.
    pub(crate) token: usize,
    pub(crate) origin: Option<Origin>,
    pub(crate) entries: Vec<Entry>,
    /// Raft's members, by node id.
    pub(crate) raft: Vec<String>,
    pub(crate) leader: Option<MachineId>,
    /// When the last leader was lost.
    pub(crate) lost: Option<Duration>,
    /// When the next one is elected, if there is a majority then.
    pub(crate) election: Option<Duration>,
    /// One that was cut off believes itself leader until then.
    pub(crate) believes: Option<(MachineId, Duration)>,
    /// The history it was forced out of.
    pub(crate) parent: Option<SwarmId>,
    /// Its ticket has been published.
    pub(crate) published: bool,
    /// How many entries its leader was told of last.
    pub(crate) listed: usize,
    /// What is to run on it.
    pub(crate) tasks: Vec<Task>,
}

/// One entry of the node list.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) node: String,
    pub(crate) machine: MachineId,
    pub(crate) role: Role,
    pub(crate) availability: Availability,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) status: Status,
    /// What the status will be, and when.
    pub(crate) becoming: Option<(Status, Duration)>,
    /// When the node's part follows its role.
    pub(crate) turning: Option<Duration>,
    /// The engine's label of a departure, as managers see it.
    pub(crate) asks: Option<u64>,
    /// When they see it as it is.
    pub(crate) seen: Option<Duration>,
    /// It is nobody's who belongs here.
    pub(crate) stranger: Option<Stranger>,
}

/// A node's status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Ready,
    Unknown,
    Down,
}

impl Swarm {
    pub(crate) fn worker_token(&self) -> String {
        format!("SWMTKN-1-{}-w{:024}", self.ca_digest, self.token)
    }

    pub(crate) fn entry(&self, node: &str) -> Option<&Entry> {
        self.entries.get(self.index(node)?)
    }

    pub(crate) fn entry_mut(&mut self, node: &str) -> Option<&mut Entry> {
        let index = self.index(node)?;
        self.entries.get_mut(index)
    }

    /// Nodes are numbered in the order in which they come, so the list is sorted.
    fn index(&self, node: &str) -> Option<usize> {
        let by_number = |entry: &Entry| number(&entry.node);
        let found = self.entries.binary_search_by_key(&number(node), by_number);
        found.ok()
    }

    pub(crate) fn majority(&self) -> usize {
        self.raft.len() / 2 + 1
    }

    fn add(&mut self, node: &str, machine: MachineId, role: Role, availability: Availability) {
        self.entries.push(Entry {
            node: node.to_owned(),
            machine,
            role,
            availability,
            labels: BTreeMap::new(),
            status: Status::Ready,
            becoming: None,
            turning: None,
            asks: None,
            seen: None,
            stranger: None,
        });
    }
}

fn number(node: &str) -> usize {
    let digits = node.strip_prefix('n');
    digits
        .and_then(|digits| digits.parse().ok())
        .expect("the name of a node of this world")
}

impl State {
    /// `swarm init`.
    pub(crate) fn init_swarm(&mut self, id: MachineId, request: &InitRequest) {
        let serial = self.serial();
        let node = format!("n{serial}");
        let mut swarm = Swarm {
            name: format!("s{serial}"),
            ca_digest: format!("{serial:050}"),
            token: 0,
            origin: Some(Origin {
                epoch: request.epoch,
                nonce: request.claim_nonce.clone(),
            }),
            entries: Vec::new(),
            raft: vec![node.clone()],
            leader: Some(id),
            lost: None,
            election: None,
            believes: None,
            parent: None,
            published: false,
            listed: 0,
            tasks: Vec::new(),
        };
        swarm.add(&node, id, Role::Manager, Availability::Active);
        self.swarms.push(swarm);
        self.place(id, node, self.swarms.len() - 1, true);
    }

    /// A node joins as a worker.
    pub(crate) fn admit(&mut self, id: MachineId, swarm: SwarmId, availability: Availability) {
        let node = format!("n{}", self.serial());
        self.swarms[swarm].add(&node, id, Role::Worker, availability);
        let label = self.machines[id].engine.label;
        if let Some(entry) = self.swarms[swarm].entry_mut(&node) {
            entry.asks = label;
        }
        self.machines[id].joined.get_or_insert(self.now);
        self.place(id, node, swarm, false);
        self.tell_managers(swarm);
    }

    /// Whoever joins may say that he is to be given tasks. No machine of this world has this node.
    pub(crate) fn add_stranger(
        &mut self,
        swarm: SwarmId,
        stranger: Stranger,
        availability: Availability,
    ) -> String {
        let node = format!("n{}", self.serial());
        self.swarms[swarm].add(&node, 0, Role::Worker, availability);
        if let Some(entry) = self.swarms[swarm].entry_mut(&node) {
            entry.asks = stranger.asks;
            entry.stranger = Some(stranger);
        }
        node
    }

    /// `swarm init --force-new-cluster`: the same nodes, and one member of raft.
    pub(crate) fn force_new_cluster(&mut self, id: MachineId, old: SwarmId, node: &str) {
        let mut swarm = self.swarms[old].clone();
        swarm.raft = vec![node.to_owned()];
        swarm.leader = Some(id);
        swarm.believes = None;
        (swarm.lost, swarm.election) = (None, None);
        swarm.parent = Some(old);
        swarm.published = false;
        self.swarms.push(swarm);
        self.place(id, node.to_owned(), self.swarms.len() - 1, true);
    }

    fn place(&mut self, id: MachineId, node: String, swarm: SwarmId, manager: bool) {
        let known = self.managers_of(swarm);
        let now = self.now;
        let engine = &mut self.machines[id].engine;
        engine.phase = Phase::Active;
        engine.link = Some(swarm);
        engine.linked_since = Some(now);
        engine.cut_since = None;
        engine.place = Some(Place {
            node,
            swarm,
            manager,
            known,
        });
        self.machines[id].wake.notify_one();
    }

    /// Addresses of raft's members.
    pub(crate) fn managers_of(&self, swarm: SwarmId) -> Vec<std::net::Ipv4Addr> {
        let swarm = &self.swarms[swarm];
        let members = swarm.raft.iter().filter_map(|node| swarm.entry(node));
        members
            .map(|entry| self.machines[entry.machine].ip)
            .collect()
    }

    /// Something happened to a node: the engines of managers tell their agents.
    pub(crate) fn tell_managers(&self, swarm: SwarmId) {
        for (id, machine) in self.machines.iter().enumerate() {
            if self.manages(id) == Some(swarm) {
                machine.wake.notify_one();
            }
        }
    }

    /// The swarm whose raft a running machine is a member of.
    pub(crate) fn manages(&self, id: MachineId) -> Option<SwarmId> {
        let place = self.machines[id].engine.place.as_ref()?;
        let member = place.manager && self.swarms[place.swarm].raft.contains(&place.node);
        (member && self.runs(id)).then_some(place.swarm)
    }

    /// Where a machine's manager listens.
    pub(crate) fn address(&self, id: MachineId) -> std::net::SocketAddr {
        (self.machines[id].ip, SWARM_PORT).into()
    }
}
