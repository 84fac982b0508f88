//! Raft's leaders: who leads, who believes so, and what a manager sees of it.

use std::time::Duration;

use super::State;
use super::machine::MachineId;
use super::swarm::{Status, SwarmId};

/// How a manager stands to its raft.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum View {
    /// It has a leader: itself, perhaps only by its own belief, or another.
    Led { leader: bool, certain: bool },
    /// Calls wait for an election, at most this long.
    Electing(Duration),
    /// None, and it knows.
    Leaderless,
}

/// Calls that need a leader wait this long before they say that there is none.
const PATIENCE: Duration = Duration::from_secs(20);

impl State {
    /// What a running manager sees; `None` where it is none.
    pub(crate) fn view(&self, id: MachineId) -> Option<View> {
        let place = self.machines[id].engine.place.as_ref()?;
        if !place.manager {
            return None;
        }
        let swarm = &self.swarms[place.swarm];
        if !swarm.raft.contains(&place.node) {
            return Some(View::Leaderless);
        }
        if let Some((who, until)) = swarm.believes
            && (who, self.now < until) == (id, true)
        {
            return Some(View::Led {
                leader: true,
                certain: false,
            });
        }
        Some(match swarm.leader {
            Some(leader) if leader == id => View::Led {
                leader: true,
                certain: true,
            },
            Some(leader) if self.reaches(id, leader) => View::Led {
                leader: false,
                certain: true,
            },
            Some(_) => self.electing(self.machines[id].engine.cut_since),
            None => self.electing(swarm.lost),
        })
    }

    fn electing(&self, since: Option<Duration>) -> View {
        let over = since.unwrap_or_default() + PATIENCE;
        match over.checked_sub(self.now) {
            Some(left) if !left.is_zero() => View::Electing(left),
            _ => View::Leaderless,
        }
    }

    /// One tick of a swarm's raft.
    pub(super) fn elect(&mut self, id: SwarmId) {
        let alive = self.raft_alive(id);
        let majority = self.swarms[id].majority();
        if let Some(leader) = self.swarms[id].leader {
            if !(alive.contains(&leader) && self.side(leader, &alive).len() >= majority) {
                self.lose_leader(id, leader);
            }
            return;
        }
        let able: Vec<MachineId> = alive
            .iter()
            .copied()
            .filter(|&one| self.side(one, &alive).len() >= majority)
            .collect();
        match (self.random.one(&able), self.swarms[id].election) {
            (Some(one), Some(at)) if at <= self.now => self.win(id, one),
            (Some(_), Some(_)) => {}
            (Some(_), None) => self.swarms[id].election = Some(self.soon(2_000, 8_000)),
            (None, Some(at)) if at > self.now => {}
            (None, _) => self.swarms[id].election = None,
        }
    }

    /// Machines of raft's members whose engines run and still hold that raft.
    pub(crate) fn raft_alive(&self, id: SwarmId) -> Vec<MachineId> {
        let swarm = &self.swarms[id];
        let members = swarm.raft.iter().filter_map(|node| swarm.entry(node));
        members
            .filter(|entry| self.holds(entry.machine, id, &entry.node))
            .map(|entry| entry.machine)
            .collect()
    }

    fn holds(&self, machine: MachineId, swarm: SwarmId, node: &str) -> bool {
        let place = self.machines[machine].engine.place.as_ref();
        self.manages(machine) == Some(swarm) && place.is_some_and(|place| place.node == node)
    }

    fn side(&self, one: MachineId, alive: &[MachineId]) -> Vec<MachineId> {
        alive
            .iter()
            .copied()
            .filter(|&other| other == one || self.reaches(one, other))
            .collect()
    }

    /// Whether a swarm has a leader that a majority follows.
    pub(crate) fn leads(&self, id: SwarmId) -> bool {
        let alive = self.raft_alive(id);
        let swarm = &self.swarms[id];
        swarm.leader.is_some_and(|leader| {
            alive.contains(&leader) && self.side(leader, &alive).len() >= swarm.majority()
        })
    }

    fn lose_leader(&mut self, id: SwarmId, leader: MachineId) {
        let election = self.soon(12_000, 22_000);
        let belief = self.soon(10_000, 20_000);
        let runs = self.manages(leader) == Some(id);
        let now = self.now;
        let swarm = &mut self.swarms[id];
        (swarm.leader, swarm.lost) = (None, Some(now));
        swarm.election = Some(election);
        swarm.believes = runs.then_some((leader, belief));
        tracing::info!(swarm = id, leader, "world: leader lost");
        self.tell_managers(id);
    }

    /// All nodes are unknown until the new leader has heard them.
    fn win(&mut self, id: SwarmId, leader: MachineId) {
        tracing::info!(swarm = id, leader, "world: leader elected");
        let swarm = &mut self.swarms[id];
        swarm.leader = Some(leader);
        swarm.election = None;
        if swarm.believes.is_some_and(|(who, _)| who == leader) {
            swarm.believes = None;
        }
        for entry in &mut swarm.entries {
            if entry.status == Status::Ready {
                entry.status = Status::Unknown;
                entry.becoming = None;
            }
        }
        self.tell_managers(id);
    }
}
