//! Whether the cluster can always become one again: from every state that faults lead to, some way
//! without further faults ends with all live nodes in the newest swarm.
//!
//! `stateright` checks "eventually" on paths without cycles only, and these have many. So the graph
//! is explored once more here and walked backwards from the good states.

use std::collections::{BTreeMap, HashMap, VecDeque};

use protocol::Availability;
use stateright::Model;

use crate::protocol::{Event, Protocol};
use crate::world::{Node, Outcome, World};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    pub(crate) states: usize,
    /// All live nodes are in the newest swarm.
    pub(crate) united: usize,
    /// No way leads to such a state, for a reason.
    pub(crate) excused: BTreeMap<Excuse, usize>,
    /// No way leads to such a state, and there should be one.
    pub(crate) stuck: Vec<Vec<Event>>,
}

struct Graph {
    states: Vec<World>,
    /// How a state was reached first.
    parents: Vec<Option<(usize, Event)>>,
    /// Steps backwards that are no faults.
    back: Vec<Vec<usize>>,
}

/// Explores everything and looks back.
pub(crate) fn check(protocol: &Protocol) -> Liveness {
    let graph = Graph::explore(protocol);
    let mut ends = graph.all(is_united);
    graph.walk_back(&mut ends);
    let mut excused = BTreeMap::new();
    for reason in [
        Excuse::NobodyLeft,
        Excuse::NoEpochs,
        Excuse::NewInstance,
        Excuse::Person,
    ] {
        let before = count(&ends);
        let more = graph.all(|world| excuse(world) == Some(reason));
        ends.iter_mut()
            .zip(more)
            .for_each(|(end, more)| *end |= more);
        graph.walk_back(&mut ends);
        excused.insert(reason, count(&ends) - before);
    }
    let stuck = (0..ends.len()).filter(|state| !ends[*state]);
    let stuck = stuck.map(|state| graph.way_to(state)).collect();
    Liveness {
        states: graph.states.len(),
        united: graph.states.iter().filter(|world| is_united(world)).count(),
        excused,
        stuck,
    }
}

impl Graph {
    fn explore(protocol: &Protocol) -> Self {
        let mut graph = Self {
            states: Vec::new(),
            parents: Vec::new(),
            back: Vec::new(),
        };
        let mut known = HashMap::new();
        let mut open = VecDeque::new();
        for world in protocol.init_states() {
            open.push_back(graph.add(&mut known, world, None));
        }
        while let Some(from) = open.pop_front() {
            let world = graph.states[from].clone();
            for (event, next) in protocol.next_steps(&world) {
                let is_fault = event.is_fault();
                let to = known.get(&next).copied().unwrap_or_else(|| {
                    let to = graph.add(&mut known, next, Some((from, event)));
                    open.push_back(to);
                    to
                });
                if !is_fault {
                    graph.back[to].push(from);
                }
            }
        }
        graph
    }

    fn add(
        &mut self,
        known: &mut HashMap<World, usize>,
        world: World,
        parent: Option<(usize, Event)>,
    ) -> usize {
        let index = self.states.len();
        known.insert(world.clone(), index);
        self.states.push(world);
        self.parents.push(parent);
        self.back.push(Vec::new());
        index
    }

    fn all(&self, good: impl Fn(&World) -> bool) -> Vec<bool> {
        self.states.iter().map(good).collect()
    }

    /// Adds the states from which one of `good` can be reached.
    fn walk_back(&self, good: &mut [bool]) {
        let mut open: Vec<usize> = (0..good.len()).filter(|state| good[*state]).collect();
        while let Some(state) = open.pop() {
            for &before in &self.back[state] {
                if !good[before] {
                    good[before] = true;
                    open.push(before);
                }
            }
        }
    }

    fn way_to(&self, state: usize) -> Vec<Event> {
        let mut way = Vec::new();
        let mut at = state;
        while let Some((before, event)) = &self.parents[at] {
            way.push(event.clone());
            at = *before;
        }
        way.reverse();
        way
    }
}

fn count(states: &[bool]) -> usize {
    states.iter().filter(|state| **state).count()
}

/// Every live node is as its notice says, and a member of the newest swarm by its managers' word, knows it, and the ticket
/// is that swarm's. No stranger is given tasks.
fn is_united(world: &World) -> bool {
    let Some((number, Outcome::Formed { raft, swarm })) = world.newest() else {
        return false;
    };
    let published = world
        .ticket
        .is_some_and(|t| t.epoch == number && t.raft == raft);
    let mut alive = (0..).zip(&world.nodes).filter(|(_, node)| !node.dead);
    let mut strangers = world.raft(raft).entries.iter().filter(|entry| {
        let stranger = entry.stranger;
        stranger.is_some_and(|stranger| stranger.up)
    });
    published
        && strangers.all(|entry| entry.availability == Availability::Drain)
        && alive.all(|(id, node)| {
            let life = node.place.map(|place| place.life);
            let noted = node
                .disk
                .membership
                .is_some_and(|m| m.swarm == swarm && Some(m.life) == life);
            noted && node.doing.is_none() && world.contact(id) == Some(raft) && world.is_as_told(id)
        })
}

/// Why nothing can be done without help from outside of the model.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Excuse {
    /// No instance that may make a swarm lives.
    NobodyLeft,
    /// The model has no more epochs.
    NoEpochs,
    /// All stores are gone, and those that may make a swarm are members of the lost one: they stay
    /// until a new instance has made the next.
    NewInstance,
    /// The ticket names an instance that lives and has no store: only a person can end it. Or a node
    /// is in a lost swarm and has no note of having joined it.
    Person,
}

/// In a swarm that is not the ticket's, without a note of having joined it.
fn is_foreign(world: &World, node: &Node) -> bool {
    let noted = |life: u8| node.disk.membership.is_some_and(|m| m.life == life);
    let place = node
        .place
        .filter(|place| place.raft.is_none() && !noted(place.life));
    place
        .zip(world.ticket)
        .is_some_and(|(place, ticket)| place.swarm != ticket.swarm)
}

fn excuse(world: &World) -> Option<Excuse> {
    let able = (0..)
        .zip(&world.nodes)
        .filter(|(_, node)| !node.dead && node.manager);
    let able: Vec<_> = able.collect();
    if able.is_empty() {
        return Some(Excuse::NobodyLeft);
    }
    if world
        .nodes
        .iter()
        .any(|node| !node.dead && is_foreign(world, node))
    {
        return Some(Excuse::Person);
    }
    if world.can_be_led() {
        return None;
    }
    if world.epochs.iter().all(|epoch| epoch.outcome.is_some()) {
        return Some(Excuse::NoEpochs);
    }
    let Some((_, Outcome::Formed { raft, .. })) = world.newest() else {
        return None;
    };
    let stores = world.stores(raft);
    let named = world
        .ticket
        .map(|ticket| ticket.instances)
        .unwrap_or_default();
    let idle = able
        .iter()
        .any(|(id, _)| named.has(*id) && !stores.has(*id));
    let outside = able.iter().any(|(_, node)| node.place.is_none());
    if idle {
        return Some(Excuse::Person);
    }
    (stores.is_empty() && !outside).then_some(Excuse::NewInstance)
}
