//! What happens by itself, twice a second: engines find their managers, raft elects, nodes go
//! down and come back, roles take effect.

use std::time::Duration;

use protocol::{Availability, Role};

use super::engine::{Phase, Power};
use super::machine::MachineId;
use super::swarm::{Entry, Status, SwarmId};
use super::{State, World};

/// Long enough to be cheap, short against all that is measured in seconds.
const TICK: Duration = Duration::from_millis(500);

/// Goes on for ever.
pub(crate) async fn run(world: World) {
    loop {
        tokio::time::sleep(TICK).await;
        world.with(State::tick);
    }
}

impl State {
    fn tick(&mut self) {
        for swarm in 0..self.swarms.len() {
            self.elect(swarm);
        }
        for id in 0..self.machines.len() {
            self.link(id);
            self.rise(id);
            self.join_on(id);
        }
        for swarm in 0..self.swarms.len() {
            if self.swarms[swarm].leader.is_some() {
                self.follow(swarm);
                self.work(swarm);
            }
        }
    }

    /// Finds the swarm that an engine hears, and learns its managers.
    fn link(&mut self, id: MachineId) {
        let link = if self.runs(id) { self.heard(id) } else { None };
        let now = self.now;
        let known = link.map(|swarm| self.managers_of(swarm));
        let engine = &mut self.machines[id].engine;
        engine.cut_since = match link {
            Some(_) => None,
            None => engine.cut_since.or(Some(now)),
        };
        engine.linked_since = match (engine.link, link) {
            (Some(before), Some(swarm)) if before == swarm => engine.linked_since,
            (_, link) => link.map(|_| now),
        };
        engine.link = link;
        if let (Some(place), Some(known)) = (&mut engine.place, known) {
            place.known = known;
        }
    }

    fn heard(&self, id: MachineId) -> Option<SwarmId> {
        let place = self.machines[id].engine.place.as_ref()?;
        let own = &self.swarms[place.swarm];
        if place.manager && own.raft.contains(&place.node) && self.hears(id, place.swarm) {
            return Some(place.swarm);
        }
        // A manager of a raft that has a leader somewhere does not look for another.
        if place.manager && own.raft.contains(&place.node) && own.leader.is_some() {
            return None;
        }
        let served = place.known.iter().filter_map(|&ip| self.machine_at(ip));
        let mut served = served
            .filter(|&other| other != id && self.reaches(id, other))
            .filter_map(|other| {
                self.manages(other)
                    .filter(|&swarm| self.hears(other, swarm))
            });
        served.find(|&swarm| {
            let swarm = &self.swarms[swarm];
            swarm.name == own.name && swarm.entry(&place.node).is_some()
        })
    }

    fn hears(&self, id: MachineId, swarm: SwarmId) -> bool {
        let leader = self.swarms[swarm].leader;
        leader.is_some_and(|leader| leader == id || self.reaches(id, leader))
    }

    /// An engine that starts is up when it hears its swarm, or when it has waited long enough.
    fn rise(&mut self, id: MachineId) {
        let engine = &self.machines[id].engine;
        let Power::Starting { soonest, latest } = engine.power else {
            return;
        };
        let ready = engine.place.is_none() || engine.link.is_some();
        if latest <= self.now || (ready && soonest <= self.now) {
            let machine = &mut self.machines[id];
            machine.engine.power = Power::On;
            machine.wake.notify_one();
        }
    }

    /// A join that goes on in the background.
    fn join_on(&mut self, id: MachineId) {
        let Phase::Joining { at, until } = self.machines[id].engine.phase else {
            return;
        };
        let manager = self.machine_at(at).filter(|&m| self.reaches(id, m));
        let swarm = manager.and_then(|m| self.manages(m).filter(|&s| self.hears(m, s)));
        if let Some(swarm) = swarm {
            self.machines[id].left = None;
            self.admit(id, swarm, Availability::Drain);
        } else if until <= self.now {
            self.machines[id].engine.phase = Phase::Error;
            self.machines[id].wake.notify_one();
        }
    }

    /// The leader's word on its nodes.
    fn follow(&mut self, id: SwarmId) {
        let mut changed = false;
        for index in 0..self.swarms[id].entries.len() {
            let entry = &self.swarms[id].entries[index];
            if entry.stranger.is_some() {
                changed |= self.settle_stranger(id, index);
                continue;
            }
            let linked = self.is_linked(entry, id);
            if self.rests(entry, id, linked) {
                continue;
            }
            let before = entry.clone();
            let after = self.settle_status(before.clone(), linked);
            let after = self.settle_role(after, id, linked);
            let after = self.settle_label(after, linked);
            changed |= (before.status, before.turning.is_some(), before.asks)
                != (after.status, after.turning.is_some(), after.asks);
            self.swarms[id].entries[index] = after;
        }
        if changed {
            self.tell_managers(id);
        }
    }

    /// Nothing of it is about to change: what most entries are at most times.
    fn rests(&self, entry: &Entry, id: SwarmId, linked: bool) -> bool {
        let engine = &self.machines[entry.machine].engine;
        let manages = match entry.role {
            Role::Manager => self.swarms[id].raft.contains(&entry.node),
            Role::Worker => !engine.place.as_ref().is_some_and(|place| place.manager),
        };
        linked
            && manages
            && entry.status == Status::Ready
            && (entry.becoming.is_none(), entry.turning.is_none()) == (true, true)
            && engine.phase != Phase::Pending
            && engine.label == entry.asks
    }

    pub(crate) fn is_linked(&self, entry: &Entry, swarm: SwarmId) -> bool {
        if let Some(stranger) = &entry.stranger {
            return stranger.here;
        }
        let engine = &self.machines[entry.machine].engine;
        let same = engine.place.as_ref().is_some_and(|p| p.node == entry.node);
        same && engine.link == Some(swarm)
    }

    pub(super) fn settle_status(&mut self, mut entry: Entry, linked: bool) -> Entry {
        let target = if linked { Status::Ready } else { Status::Down };
        if entry.status != target {
            let at = match entry.becoming {
                Some((becoming, at)) if becoming == target => at,
                _ => match (target, entry.status) {
                    (Status::Ready, _) => self.soon(200, 6_000),
                    (_, Status::Unknown) => self.soon(24_000, 28_000),
                    _ => self.soon(10_800, 15_400),
                },
            };
            entry.becoming = Some((target, at));
            if at > self.now {
                return entry;
            }
        }
        (entry.status, entry.becoming) = (target, None);
        if entry.stranger.is_some() {
            return entry;
        }
        let machine = &mut self.machines[entry.machine];
        if linked && machine.engine.phase == Phase::Pending {
            machine.engine.phase = Phase::Active;
            machine.wake.notify_one();
        }
        entry
    }

    /// A node's part follows the role it is meant to have.
    fn settle_role(&mut self, mut entry: Entry, id: SwarmId, linked: bool) -> Entry {
        let manages = self.swarms[id].raft.contains(&entry.node);
        let place = self.machines[entry.machine].engine.place.as_ref();
        let certified = place.is_some_and(|place| place.manager);
        let pause = match (entry.role, linked) {
            (Role::Manager, true) if !manages && certified => (33_000, 57_000),
            (Role::Manager, true) if !manages => (1_100, 2_000),
            // Raft lets nobody go whom it cannot do without.
            (Role::Worker, true) if certified && self.may_go(id, &entry.node) => (0, 6_000),
            _ => {
                entry.turning = None;
                return entry;
            }
        };
        let at = entry.turning.unwrap_or_else(|| self.soon(pause.0, pause.1));
        entry.turning = Some(at);
        if at <= self.now {
            entry.turning = None;
            self.turn(&entry, id);
        }
        entry
    }

    fn may_go(&self, id: SwarmId, node: &str) -> bool {
        let raft = &self.swarms[id].raft;
        let others = self.raft_alive(id).len().saturating_sub(1);
        !raft.iter().any(|member| member == node) || others > (raft.len() - 1) / 2
    }

    /// Managers learn an engine's new label late.
    fn settle_label(&mut self, mut entry: Entry, linked: bool) -> Entry {
        let label = self.machines[entry.machine].engine.label;
        if !linked || label == entry.asks {
            entry.seen = None;
            return entry;
        }
        let at = entry.seen.unwrap_or_else(|| self.soon(500, 20_000));
        entry.seen = Some(at);
        if at <= self.now {
            (entry.asks, entry.seen) = (label, None);
        }
        entry
    }

    fn turn(&mut self, entry: &Entry, id: SwarmId) {
        let manager = entry.role == Role::Manager;
        tracing::info!(swarm = id, node = entry.node, manager, "world: role taken");
        let raft = &mut self.swarms[id].raft;
        raft.retain(|member| *member != entry.node);
        if manager {
            raft.push(entry.node.clone());
        }
        let machine = &mut self.machines[entry.machine];
        if let Some(place) = &mut machine.engine.place {
            (place.manager, place.swarm) = (manager, id);
        }
        machine.wake.notify_one();
        if manager {
            self.meet(id);
        }
    }

    /// Raft's members know each other by raft itself, and at once; other nodes are told.
    fn meet(&mut self, id: SwarmId) {
        let known = self.managers_of(id);
        for member in self.raft_alive(id) {
            if let Some(place) = &mut self.machines[member].engine.place {
                place.known.clone_from(&known);
            }
        }
    }
}
