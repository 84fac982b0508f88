//! Where an exploration starts.

use protocol::node::Files;
use protocol::{Epoch, Membership, Peer};

use crate::minds::{Disk, Mind};
use crate::names::{address, instance, node_id, swarm_id};
use crate::set::Set;
use crate::world::{
    self, Budget, Entry, History, Id, Label, Node, Outcome, Part, Place, Raft, Ticket, World,
};

/// Instances that have just booted.
pub(crate) fn forming(managers: u8, workers: u8, epochs: u8, budget: Budget) -> World {
    let node = |id: Id| booted(id, id < managers, Files::default());
    World {
        epochs: vec![world::Epoch::default(); usize::from(epochs)],
        ticket: None,
        earlier: None,
        rafts: Vec::new(),
        nodes: (0..managers + workers).map(node).collect(),
        cut: None,
        looks_serve: false,
        admits: false,
        budget,
        history: History::default(),
    }
}

/// An instance whose agent starts with these files.
fn booted(id: Id, manager: bool, files: Files) -> Node {
    let disk = Disk::of(files);
    Node {
        manager,
        disk,
        mind: Mind::start(id, manager, disk),
        ..Node::default()
    }
}

/// A swarm of epoch 1, made by node 0: `counted` managers, members that wait to be promoted, and
/// workers. The last node is to be a manager and has just booted.
pub(crate) fn replaced(counted: u8, waiting: u8, workers: u8, epochs: u8, budget: Budget) -> World {
    let members = counted + waiting + workers;
    let mut world = forming(members + 1, 0, epochs, budget);
    let managers: Set = (0..counted).collect();
    let entry = |node| {
        let part = if managers.has(node) {
            Part::Manager
        } else {
            Part::Worker
        };
        Entry::new(node, 1, part)
    };
    world.rafts.push(Raft {
        swarm: 0,
        maker: 0,
        label: Label { epoch: 1, owner: 0 },
        entries: (0..members).map(entry).collect(),
    });
    for id in 0..members {
        let manager = id < counted + waiting;
        *world.node(id) = settled(id, manager, managers);
    }
    publish(&mut world, managers);
    world
}

fn publish(world: &mut World, managers: Set) {
    let outcome = Outcome::Formed { swarm: 0, raft: 0 };
    world.epochs[0] = world::Epoch {
        claim: Some(0),
        outcome: Some(outcome),
    };
    let instances = managers;
    world.ticket = Some(Ticket {
        epoch: 1,
        swarm: 0,
        raft: 0,
        managers,
        instances,
    });
    world.earlier = world.ticket;
    world.history.declare(1, 0);
}

fn settled(id: Id, manager: bool, managers: Set) -> Node {
    let counted = managers.has(id);
    let peer = |id| Peer {
        node_id: node_id(id, 1),
        instance_id: Some(instance(id)),
        address: address(id),
    };
    let files = Files {
        membership: Some(Membership {
            instance_id: instance(id),
            node_id: node_id(id, 1),
            swarm_id: swarm_id(0),
            epoch: Epoch::FIRST,
        }),
        peers: managers.iter().filter(|_| counted).map(peer).collect(),
        ..Files::default()
    };
    Node {
        lives: 1,
        place: Some(Place {
            swarm: 0,
            life: 1,
            raft: counted.then_some(0),
            known: managers.without(id),
        }),
        ..booted(id, manager, files)
    }
}

impl World {
    /// All members run a task, and their groups have a hook for an end.
    pub(crate) fn with_tasks(mut self) -> Self {
        for node in self.nodes.iter_mut().filter(|node| node.place.is_some()) {
            node.has_task = true;
        }
        self
    }

    /// Rounds that follow on one another rest on one look at the engine.
    pub(crate) fn with_looks_that_serve(mut self) -> Self {
        self.looks_serve = true;
        self
    }

    /// Strangers come, as often as the budget allows.
    pub(crate) fn with_strangers(mut self, events: u8) -> Self {
        self.admits = true;
        self.budget.strangers = events;
        self
    }

    /// Nobody new boots.
    pub(crate) fn without_last(mut self) -> Self {
        self.nodes.pop();
        self
    }
}
