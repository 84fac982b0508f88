//! The rules that hold at every moment, checked at every effect.

use std::time::Duration;

use protocol::pace::LAST_LOOK;
use protocol::{Claim, Epoch, NodeRecord, Outcome, Role, Ticket};

use super::State;
use super::machine::MachineId;
use super::swarm::SwarmId;

/// One act that cannot be undone per node in this time, less what a leave itself takes.
const ACT_GAP: Duration = Duration::from_secs(590);

impl State {
    pub(crate) fn broke(&mut self, rule: String) {
        tracing::error!("world: RULE BROKEN: {rule}");
        self.broken.push(rule);
    }

    /// A register is about to be created.
    pub(crate) fn check_register(&mut self, id: MachineId, name: &str, value: &str) {
        let instance = self.machines[id].instance_id.clone();
        let Some(epoch) = name.strip_suffix("/outcome") else {
            return;
        };
        let claim = self.aws.latest(&format!("{epoch}/claim"));
        let claim: Option<Claim> = claim.and_then(|text| serde_json::from_str(text).ok());
        let outcome = serde_json::from_str(value);
        match (outcome, claim) {
            (Ok(Outcome::Formed { nonce, .. }), Some(claim))
                if claim.nonce == nonce && claim.instance_id == instance => {}
            (Ok(Outcome::PassedOver { .. }), Some(_)) => {}
            (outcome, claim) => {
                self.broke(format!(
                    "{instance} writes {outcome:?} to {name} under {claim:?}"
                ));
            }
        }
    }

    /// A node's record is about to be written: each of its own, of a manager's instance.
    pub(crate) fn check_record(&mut self, id: MachineId, name: &str, value: &str) {
        let machine = &self.machines[id];
        let own = machine.role == Role::Manager && name.ends_with(&machine.instance_id);
        let place = machine.engine.place.as_ref();
        let node = place.map(|place| place.node.clone());
        if !own || NodeRecord::node_id(value) != node {
            let instance = machine.instance_id.clone();
            self.broke(format!("{instance} writes {value} to {name} as {node:?}"));
        }
    }

    /// A ticket is about to be published.
    pub(crate) fn check_ticket(&mut self, id: MachineId, ticket: &Ticket, before: Option<&Ticket>) {
        let instance = self.machines[id].instance_id.clone();
        if before.is_some_and(|before| before.epoch > ticket.epoch) {
            self.broke(format!(
                "{instance} publishes epoch {} over a later one",
                ticket.epoch
            ));
        }
        if self
            .outcome(ticket.epoch)
            .is_none_or(|name| name != ticket.swarm_id)
        {
            self.broke(format!(
                "{instance} publishes epoch {}, which is not its swarm's",
                ticket.epoch
            ));
        }
        let Some(own) = self.machines[id]
            .engine
            .place
            .as_ref()
            .map(|place| place.swarm)
        else {
            return;
        };
        for other in 0..self.swarms.len() {
            if other != own && self.swarms[other].published && self.leads(other) {
                self.broke(format!(
                    "{instance} publishes swarm {own} beside swarm {other}, which lives"
                ));
            }
        }
        self.swarms[own].published = true;
    }

    /// The id of the swarm that an epoch was formed with.
    pub(crate) fn outcome(&self, epoch: Epoch) -> Option<String> {
        let suffix = format!("/epochs/{}/outcome", epoch.padded());
        let name = self.aws.names().find(|name| name.ends_with(&suffix))?;
        match serde_json::from_str(self.aws.latest(name)?) {
            Ok(Outcome::Formed { swarm_id, .. }) => Some(swarm_id),
            _ => None,
        }
    }

    /// The highest epoch that was formed, and its swarm's id.
    pub(crate) fn highest(&self) -> Option<(Epoch, String)> {
        let mut found = None;
        let mut epoch = Epoch::FIRST;
        for _ in 0..200 {
            if let Some(name) = self.outcome(epoch) {
                found = Some((epoch, name));
            }
            epoch = epoch.next();
        }
        found
    }

    /// An agent takes its engine out of a swarm. Says whether that counts among what cannot be undone.
    pub(crate) fn check_leave(&mut self, id: MachineId) -> bool {
        let Some(place) = self.machines[id].engine.place.clone() else {
            return false;
        };
        if self.knows_to_leave(id) {
            self.check_departure(id);
            return false;
        }
        let engine = &self.machines[id].engine;
        // Its last look at its own managers is a moment old: one of them may have come back since.
        let heard = |since| self.now.saturating_sub(since) > LAST_LOOK;
        let link = engine
            .link
            .filter(|_| engine.linked_since.is_some_and(heard));
        if let Some(swarm) = link.filter(|&swarm| self.leads(swarm) && !self.is_unpublished(swarm))
            && self.swarms[swarm].entry(&place.node).is_some()
        {
            let instance = self.machines[id].instance_id.clone();
            self.broke(format!(
                "{instance} leaves swarm {swarm}, which lives and has it"
            ));
        }
        !self.is_unpublished(place.swarm) && !self.is_dead(place.swarm)
    }

    /// So many of a swarm's managers are terminated that it can have no majority again: who leaves it
    /// can be wrong about nothing.
    fn is_dead(&self, swarm: SwarmId) -> bool {
        let swarm = &self.swarms[swarm];
        let managers = swarm.raft.iter().filter_map(|node| swarm.entry(node));
        let left = managers.filter(|e| self.machines[e.machine].terminated.is_none());
        left.count() < swarm.majority()
    }

    /// A swarm that an agent made and that did not become the cluster's.
    fn is_unpublished(&self, swarm: SwarmId) -> bool {
        let swarm = &self.swarms[swarm];
        let formed = swarm.origin.as_ref().and_then(|o| self.outcome(o.epoch));
        !swarm.published && (formed.as_ref() != Some(&swarm.name) || swarm.parent.is_some())
    }

    pub(crate) fn check_act(&mut self, id: MachineId, what: &str) {
        let last = self.machines[id].acts.last().copied();
        let gap = last.map(|last| self.since(last));
        self.machines[id].acts.push(self.now);
        let instance = self.machines[id].instance_id.clone();
        if let Some(gap) = gap.filter(|gap| *gap < ACT_GAP) {
            let gap = gap.as_secs();
            self.broke(format!("{instance} {what} {gap} s after its last act"));
        }
    }

    /// A new cluster is about to be forced.
    pub(crate) fn check_force(&mut self, id: MachineId, old: SwarmId) {
        self.check_act(id, "forces a new cluster");
        let instance = self.machines[id].instance_id.clone();
        let swarm = &self.swarms[old];
        let members = swarm.raft.iter().filter_map(|node| swarm.entry(node));
        let left = members
            .filter(|entry| self.machines[entry.machine].terminated.is_none())
            .count();
        let majority = swarm.majority();
        if left >= majority {
            self.broke(format!(
                "{instance} forces a new cluster, and {left} of its managers live"
            ));
        }
        if !self.holds_claim(&instance) {
            self.broke(format!(
                "{instance} forces a new cluster under no claim of its own"
            ));
        }
    }

    /// Whether the last claim is an instance's, and nothing became of it yet.
    fn holds_claim(&self, instance: &str) -> bool {
        let Some(name) = self.aws.names().rfind(|name| name.ends_with("/claim")) else {
            return false;
        };
        let claim = self.aws.latest(name);
        let claim: Option<Claim> = claim.and_then(|text| serde_json::from_str(text).ok());
        let settled = self.aws.latest(&name.replace("/claim", "/outcome"));
        claim.is_some_and(|claim| claim.instance_id == instance) && settled.is_none()
    }
}
