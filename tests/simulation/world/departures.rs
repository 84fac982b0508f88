//! The rules of departures and launches, checked at every effect.

use std::time::Duration;

use protocol::NodeChange;
use protocol::departure::notice::Target;
use protocol::labels::{DEPARTING_LABEL, DRAINED_LABEL};
use protocol::leader::SHARE;
use protocol::leader::draining::PRESSING;
use protocol::leader::labelling::ACTIVATED;
use protocol::{Availability, Role};

use super::State;
use super::machine::MachineId;
use super::mischief::Mischief;
use super::notices::Notice;
use super::swarm::{Entry, Status, SwarmId};

/// An agent that has run and has reached Auto Scaling for so long has heard of its hooks, and has had two
/// of its longest gaps.
const REACHED: Duration = Duration::from_secs(150);
/// Of each so long part of a hook's time one call may be lost, which takes the agent ten seconds to know; with another there
/// is no time left for a third.
const BORNE: Duration = Duration::from_secs(30);
/// A task that began so short a time ago may have begun after the look.
const BEGAN: Duration = Duration::from_secs(10);
/// Whoever was told of its end before that does not join any more.
const KNOWN: Duration = Duration::from_secs(10);
/// The agent counts whole seconds.
const ROUNDING: Duration = Duration::from_secs(2);

impl State {
    /// Keeps book of who reaches its group.
    pub(super) fn note_reach(&mut self, id: MachineId) {
        let machine = &self.machines[id];
        let works = machine.is_on() && machine.agent.is_some() && !machine.engine.hangs;
        if !(works && self.reaches_aws(id) && self.aws.serves_groups(self.now)) {
            self.machines[id].reaches_group_since = self.now;
        }
    }

    /// A hook with this time-out runs out, and nobody has completed it.
    pub(super) fn check_run_out(&mut self, id: MachineId, what: &str, timeout: Option<Duration>) {
        let machine = &self.machines[id];
        let reached = self.since(machine.reaches_group_since);
        let timeout = timeout.unwrap_or_default();
        let lost = machine.lost.iter().filter(|at| self.since(**at) <= timeout);
        let borne = timeout.as_secs() / BORNE.as_secs();
        if reached >= REACHED && lost.count() as u64 <= borne {
            let (instance, reached) = (machine.instance_id.clone(), reached.as_secs());
            self.broke(format!(
                "{what} of {instance} runs out, though its agent has run and reached its group for {reached} s"
            ));
        }
    }

    /// A launching hook is completed with `CONTINUE`.
    pub(super) fn check_ready(&mut self, id: MachineId) {
        let place = self.machines[id].engine.place.as_ref();
        let entry = place.and_then(|place| self.swarms[place.swarm].entry(&place.node));
        if entry.is_none() {
            let instance = self.machines[id].instance_id.clone();
            self.broke(format!(
                "{instance} says that it is ready, and is in no swarm"
            ));
        }
    }

    /// A terminating hook is completed.
    pub(super) fn check_done(&mut self, id: MachineId) {
        self.check_idle(id, "has its group go on");
    }

    /// A node leaves, or its instance may end: nothing runs there any more, or there is no more time.
    fn check_idle(&mut self, id: MachineId, what: &str) {
        let machine = &self.machines[id];
        let ran = machine.engine.busy_since.map(|since| self.since(since));
        let left = self
            .deadline(id)
            .map(|at| at.saturating_sub(self.now + ROUNDING));
        if ran.is_some_and(|ran| ran >= BEGAN) && left.is_none_or(|left| !left.is_zero()) {
            let (instance, tasks) = (machine.instance_id.clone(), machine.engine.containers);
            self.broke(format!(
                "{instance} {what} with {tasks} tasks running and {left:?} left"
            ));
        }
    }

    /// An agent takes its engine out of a swarm because it is to leave.
    pub(super) fn check_departure(&mut self, id: MachineId) {
        let Some(place) = self.machines[id].engine.place.clone() else {
            return;
        };
        let instance = self.machines[id].instance_id.clone();
        if place.manager && self.manages(id) == Some(place.swarm) && self.leads(place.swarm) {
            self.broke(format!("{instance} leaves as a member of raft"));
        }
        if let Some(before) = self.machines[id].left {
            let ago = self.since(before).as_secs();
            self.broke(format!("{instance} departs again, {ago} s after it left"));
        }
        self.count("nodes that left");
        self.check_idle(id, "leaves the swarm");
    }

    /// The leader takes an entry away. One that is drained stays a member, also while it is down.
    pub(crate) fn check_removal(&mut self, swarm: SwarmId, node: &str) {
        let entry = self.swarms[swarm].entry(node);
        let entry = entry.filter(|entry| entry.stranger.is_none());
        let Some(id) = entry.map(|entry| entry.machine) else {
            return;
        };
        let machine = &self.machines[id];
        let place = machine.engine.place.as_ref();
        let here = place.is_some_and(|place| place.swarm == swarm && place.node == node);
        if here && machine.is_on() && machine.notice.drained && !self.leaves(id) {
            let instance = machine.instance_id.clone();
            self.broke(format!(
                "{instance}, which is drained, is taken off the list"
            ));
        }
    }

    /// It has left.
    pub(crate) fn note_departure(&mut self, id: MachineId) {
        if !self.knows_to_leave(id) {
            return;
        }
        self.machines[id].left = Some(self.now);
        if self.plays(Mischief::CauseIsForgotten) {
            self.machines[id].known = (Target::None, Notice::default());
            self.machines[id].first_retires = None;
        }
    }

    /// An agent is about to join.
    pub(crate) fn check_join(&mut self, id: MachineId) {
        let told = self.machines[id].told_to_leave.map(|at| self.since(at));
        if let Some(told) = told.filter(|told| *told >= KNOWN && self.leaves(id)) {
            let (instance, told) = (self.machines[id].instance_id.clone(), told.as_secs());
            self.broke(format!(
                "{instance} joins, though it was told to leave {told} s ago"
            ));
        }
    }

    /// An instance ends at the end of its departure. Another member of raft stays, and could have taken over. Where its
    /// group has no hook to wait at, a member of raft ends, and the others are as many as raft needs.
    pub(crate) fn check_end(&mut self, id: MachineId) {
        let Some(swarm) = self.manages(id).filter(|_| self.only_departures) else {
            return;
        };
        if self.unhooked {
            return self.check_quorum(id, swarm);
        }
        let (alive, majority) = (self.raft_alive(swarm).len(), self.swarms[swarm].majority());
        let (instance, size) = (
            self.machines[id].instance_id.clone(),
            self.swarms[swarm].raft.len(),
        );
        let lost = if alive >= majority && alive - 1 < majority {
            ": raft loses its quorum"
        } else {
            ""
        };
        self.broke(format!(
            "{instance} ends as one of {size} members of raft{lost}"
        ));
    }

    fn check_quorum(&mut self, id: MachineId, swarm: SwarmId) {
        self.count("managers that ended without a hook");
        let raft = &self.swarms[swarm];
        let members = raft.raft.iter().filter_map(|node| raft.entry(node));
        let others = members.filter(|entry| {
            entry.machine != id && self.machines[entry.machine].terminated.is_none()
        });
        let (others, size) = (others.count(), raft.raft.len());
        if others < raft.majority() {
            let instance = self.machines[id].instance_id.clone();
            self.broke(format!(
                "{instance} is ended by its group, and {others} of {size} members of raft are left: it loses its quorum"
            ));
        }
    }

    /// The leader changes an entry.
    pub(crate) fn check_drain(&mut self, id: SwarmId, node: &str, change: &NodeChange) {
        let by_leader = change
            .labels
            .get(DRAINED_LABEL)
            .is_some_and(Option::is_some);
        if change.availability != Some(Availability::Drain) || !by_leader {
            return;
        }
        let entry = self.swarms[id].entry(node);
        let entry = entry.filter(|e| e.stranger.is_none() && self.may_wait(id, e));
        let Some(entry) = entry else {
            return;
        };
        let (machine, share) = (
            entry.machine,
            (self.swarms[id].entries.len() / SHARE).max(1),
        );
        let others = self.swarms[id].entries.iter();
        let others = others.filter(|other| other.node != entry.node && other.stranger.is_none());
        let losing = others.filter(|other| self.loses(id, other)).count();
        self.count("drains in turn");
        if losing + 1 > share {
            let instance = self.machines[machine].instance_id.clone();
            self.broke(format!(
                "{instance} is drained while {losing} nodes lose tasks: at most {share} may at a time"
            ));
        }
    }

    /// Whether a node that departs has tasks to lose and the time to wait for its turn.
    fn may_wait(&self, id: SwarmId, entry: &Entry) -> bool {
        let busy = self.machines[entry.machine].engine.busy_since;
        let mark = entry.labels.get(DEPARTING_LABEL);
        let mark = mark.map(|text| text.parse().unwrap_or_default());
        let pressing = self.now.as_secs() + PRESSING + ROUNDING.as_secs();
        let presses = entry
            .asks
            .or(mark)
            .is_some_and(|at| at != 0 && at <= pressing);
        let works = busy.is_some_and(|since| self.since(since) >= BEGAN);
        works && !presses && self.tasks_on(id, &entry.node) > 0
    }

    fn loses(&self, id: SwarmId, entry: &Entry) -> bool {
        let busy = self.machines[entry.machine].engine.busy_since;
        // The leader's lists may be older than a task that has just begun.
        busy.is_some_and(|since| self.since(since) >= BEGAN)
            && entry.status == Status::Ready
            && entry.availability == Availability::Drain
            && entry.labels.contains_key(DRAINED_LABEL)
            && self.tasks_on(id, &entry.node) > 0
    }

    /// The scheduler gives a node a task. The one who made the swarm was active from the first moment.
    pub(super) fn check_placed(&mut self, id: SwarmId, node: &str) {
        let Some(entry) = self.swarms[id].entry(node) else {
            return;
        };
        let (machine, worker) = (&self.machines[entry.machine], entry.role == Role::Worker);
        let (labelled, instance) = (
            entry.labels.contains_key(ACTIVATED),
            machine.instance_id.clone(),
        );
        if worker && !labelled && entry.stranger.is_none() {
            self.broke(format!("{instance} is given a task before its labels"));
        }
    }
}
