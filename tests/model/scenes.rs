//! Where an exploration starts.

use crate::set::Set;
use crate::world::{
    Budget, Disk, Entry, Epoch, History, Id, Label, Membership, Node, Outcome, Part, Place, Raft,
    Ticket, World,
};

/// Instances that have just booted.
pub(crate) fn forming(managers: u8, workers: u8, epochs: u8, budget: Budget) -> World {
    let node = |id: Id| Node {
        manager: id < managers,
        ..Node::default()
    };
    World {
        epochs: vec![Epoch::default(); usize::from(epochs)],
        ticket: None,
        earlier: None,
        rafts: Vec::new(),
        nodes: (0..managers + workers).map(node).collect(),
        cut: None,
        budget,
        history: History::default(),
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
        Entry {
            node,
            life: 1,
            part,
        }
    };
    world.rafts.push(Raft {
        swarm: 0,
        label: Label { epoch: 1, owner: 0 },
        entries: (0..members).map(entry).collect(),
    });
    for id in 0..members {
        let node = world.node(id);
        node.manager = id < counted + waiting;
        settle(node, managers, id);
    }
    publish(&mut world, managers);
    world
}

fn publish(world: &mut World, managers: Set) {
    let outcome = Outcome::Formed { swarm: 0, raft: 0 };
    world.epochs[0] = Epoch {
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

fn settle(node: &mut Node, managers: Set, id: Id) {
    let counted = managers.has(id);
    node.lives = 1;
    node.place = Some(Place {
        swarm: 0,
        life: 1,
        raft: counted.then_some(0),
        known: managers.without(id),
    });
    node.disk = Disk {
        membership: Some(Membership {
            swarm: 0,
            life: 1,
            epoch: 1,
        }),
        peers: if counted { managers } else { Set::default() },
        forced: None,
    };
}

impl World {
    /// Nobody new boots.
    pub(crate) fn without_last(mut self) -> Self {
        self.nodes.pop();
        self
    }
}
