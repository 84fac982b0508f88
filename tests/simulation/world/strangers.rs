//! Whoever has the worker's token and reaches a manager: he joins engines of his own, says of them what he likes, and
//! comes and goes as he likes. He has no agent.
//!
//! An address is his own, or that of a machine in a container of which he is: managers see that one's.

use std::net::Ipv4Addr;
use std::time::Duration;

use protocol::labels::ADMISSION_LABEL;
use protocol::leader::labelling::ACTIVATED;
use protocol::{Availability, NodeChange, NodeRecord, Role};

use super::State;
use super::aws::Trouble;
use super::machine::MachineId;
use super::mischief::Mischief;
use super::swarm::{Entry, Status, SwarmId};

/// A leader that can hear of it drains a node that does not belong before this has passed.
const DRAINED: Duration = Duration::from_mins(1);
/// A stranger's task that was told to end does not: after so long the swarm replaces it.
pub(super) const REPLACED: Duration = Duration::from_mins(1);

/// What is known of a stranger's node.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    /// The instance that it says it is, if it says so of one.
    pub(crate) claims: Option<String>,
    /// Where managers see it.
    pub(crate) at: Ipv4Addr,
    /// It says that it leaves.
    pub(crate) asks: Option<u64>,
    /// It answers its managers.
    pub(crate) here: bool,
    /// Since when it could have tasks while a leader could know who it is.
    exposed: Option<Duration>,
}

impl State {
    /// Another one joins, of any kind, or one that was here goes or comes back.
    pub(crate) fn strangers_act(&mut self) {
        let led: Vec<SwarmId> = (0..self.swarms.len())
            .filter(|&id| self.leads(id))
            .collect();
        let Some(swarm) = self.random.one(&led) else {
            return;
        };
        let known = self.swarms[swarm].entries.iter();
        let known = known.filter(|entry| entry.stranger.is_some());
        let known: Vec<String> = known.map(|entry| entry.node.clone()).collect();
        match (self.random.one(&known), self.random.below(3)) {
            (Some(node), 1..) => self.turn_around(swarm, &node),
            _ => self.join_stranger(swarm),
        }
    }

    fn turn_around(&mut self, swarm: SwarmId, node: &str) {
        let entry = self.swarms[swarm].entry_mut(node);
        if let Some(stranger) = entry.and_then(|entry| entry.stranger.as_mut()) {
            stranger.here = !stranger.here;
            tracing::info!(
                swarm,
                node,
                here = stranger.here,
                "world: stranger turns around"
            );
        }
    }

    fn join_stranger(&mut self, swarm: SwarmId) {
        let living = self.living();
        let host = self.random.one(&living);
        let claims = match self.random.below(6) {
            0 => None,
            1 => Some("i-ffffffff".to_owned()),
            2 | 3 => host.map(|id| self.machines[id].instance_id.clone()),
            _ => {
                let any = self.random.below(self.machines.len());
                Some(self.machines[any].instance_id.clone())
            }
        };
        // Who is behind a worker's address and takes its place while it is out of the swarm has that worker: no other node of
        // its instance can be told from him.
        let is_worker = |id: &MachineId| {
            let machine = &self.machines[*id];
            machine.role == Role::Worker && claims.as_ref() == Some(&machine.instance_id)
        };
        let behind = host.filter(|id| !is_worker(id));
        let behind = behind.filter(|_| self.random.permille(600));
        let own = Ipv4Addr::new(10, 99, 0, 1);
        let asks = [None, None, Some(0), Some(self.now.as_secs() + 3_600)];
        let stranger = Stranger {
            claims,
            at: behind.map_or(own, |id| self.machines[id].ip),
            asks: self.random.one(&asks).flatten(),
            here: true,
            exposed: None,
        };
        let all = [
            Availability::Active,
            Availability::Active,
            Availability::Drain,
        ];
        let availability = self.random.one(&all).unwrap_or(Availability::Active);
        let node = self.add_stranger(swarm, stranger, availability);
        self.count("strangers");
        tracing::info!(swarm, node, "world: stranger joins");
        self.tell_managers(swarm);
    }

    /// A record that names the newest stranger that says he is this manager, where anybody could write it.
    pub(crate) fn forged(&self, name: &str) -> Option<String> {
        let (_, instance) = name.split_once("/nodes/")?;
        let entries = self
            .swarms
            .iter()
            .rev()
            .flat_map(|swarm| swarm.entries.iter().rev());
        let mut claim = entries.filter(|entry| {
            let claims = entry.stranger.as_ref().and_then(|s| s.claims.as_deref());
            claims == Some(instance) && entry.status == Status::Ready
        });
        let forger = claim
            .next()
            .filter(|_| self.plays(Mischief::RecordsAreForged))?;
        Some(NodeRecord::new(forger.node.clone()).to_value())
    }

    /// No more of them join, and some are left.
    pub(crate) fn strangers_rest(&mut self) {
        for swarm in 0..self.swarms.len() {
            for index in 0..self.swarms[swarm].entries.len() {
                let stays = self.random.permille(500);
                if let Some(stranger) = &mut self.swarms[swarm].entries[index].stranger {
                    stranger.here &= stays;
                }
            }
        }
    }

    /// What managers hear of one by itself.
    pub(super) fn settle_stranger(&mut self, id: SwarmId, index: usize) -> bool {
        let entry = &self.swarms[id].entries[index];
        let before = (entry.status, entry.asks);
        let here = entry
            .stranger
            .as_ref()
            .is_some_and(|stranger| stranger.here);
        let after = self.settle_status(entry.clone(), here);
        let exposed = self.exposed(id, &after);
        let entry = &mut self.swarms[id].entries[index];
        *entry = after;
        if let Some(stranger) = &mut entry.stranger {
            stranger.exposed = exposed;
            entry.asks = stranger.asks;
        }
        let changed = before != (entry.status, entry.asks);
        self.check_exposed(id, index);
        changed
    }

    /// One that has been admitted is who it says, as far as anybody can tell.
    fn exposed(&self, id: SwarmId, entry: &Entry) -> Option<Duration> {
        let stranger = entry.stranger.as_ref()?;
        let takes = entry.availability != Availability::Drain && entry.status == Status::Ready;
        let admitted = entry.labels.contains_key(ACTIVATED);
        let leader = self.swarms[id].leader?;
        // An engine that hangs leads on, and does nothing for anybody.
        let can_know = self.leads(id)
            && self.machines[leader].agent.is_some()
            && !self.machines[leader].engine.hangs
            && self.reaches_aws(leader)
            && !self.aws.is(Trouble::EC2Down, self.now)
            && !self.aws.is(Trouble::Denied, self.now);
        (takes && can_know && !admitted).then(|| stranger.exposed.unwrap_or(self.now))
    }

    fn check_exposed(&mut self, id: SwarmId, index: usize) {
        let entry = &self.swarms[id].entries[index];
        let since = entry
            .stranger
            .as_ref()
            .and_then(|stranger| stranger.exposed);
        if since.is_some_and(|since| self.since(since) > DRAINED) {
            let rule = format!(
                "the stranger {} can be given tasks for a minute",
                entry.node
            );
            self.broke(rule);
        }
    }

    /// A node's entry is about to change.
    pub(crate) fn check_admission(&mut self, id: SwarmId, node: &str, change: &NodeChange) {
        let Some(entry) = self.swarms[id].entry(node) else {
            return;
        };
        let sets = |key: &str| change.labels.get(key).is_some_and(Option::is_some);
        let rule = match &entry.stranger {
            Some(_) if change.role == Some(Role::Manager) => {
                Some(format!("the stranger {node} is promoted"))
            }
            Some(_) if sets(ACTIVATED) => Some(format!("the stranger {node} is admitted")),
            Some(_) => None,
            None => {
                let refused = sets(ADMISSION_LABEL) && self.is_itself(id, entry);
                let instance = &self.machines[entry.machine].instance_id;
                refused.then(|| format!("{instance}, which belongs here, is refused"))
            }
        };
        if let Some(rule) = rule {
            self.broke(rule);
        }
    }

    /// A machine's own node, which was admitted and whose machine runs.
    fn is_itself(&self, id: SwarmId, entry: &Entry) -> bool {
        let machine = &self.machines[entry.machine];
        let place = machine.engine.place.as_ref();
        let here = place.is_some_and(|place| place.swarm == id && place.node == entry.node);
        here && machine.terminated.is_none() && entry.labels.contains_key(ACTIVATED)
    }
}
