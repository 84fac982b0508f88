//! What may go wrong, as often as the budget allows.

use crate::departures::Notice;
use crate::effects::Fate;
use crate::protocol::Event;
use crate::turn::Turn;
use crate::world::{Hook, Id, Node, Part, World};

/// What may happen to a node.
pub(crate) fn faults(world: &World, id: Id, node: &Node, events: &mut Vec<Event>) {
    let budget = world.budget;
    if budget.crashes > 0 {
        events.push(Event::Crash(id));
    }
    if budget.ends > 0 {
        events.push(Event::Terminate(id));
    }
    // What a cut worker does not hear matters where others say that they are it.
    if budget.cuts > 0 && world.cut.is_none() && (node.manager || world.admits) {
        events.push(Event::Cut(id));
    }
    match node.notice {
        _ if budget.notices == 0 => {}
        None => {
            let notices = [Notice::ScaleIn, Notice::Drain];
            events.extend(notices.map(|notice| Event::Notice(id, Some(notice))));
        }
        Some(Notice::Drain) => events.push(Event::Notice(id, None)),
        Some(Notice::ScaleIn) => {}
    }
    if budget.evictions > 0 && node.place.is_some() {
        events.push(Event::Evict(id));
    }
}

/// A step that does not go well is taken off the budget.
pub(crate) fn pay(world: &mut World, turn: &Turn, fate: Fate) {
    let budget = &mut world.budget;
    match fate {
        Fate::Lost if !turn.leads => budget.lost -= 1,
        Fate::Good | Fate::Lost => {}
        Fate::Stale | Fate::Skewed => budget.stale -= 1,
        Fate::Torn(_) => budget.crashes -= 1,
    }
}

pub(crate) fn crash(world: &mut World, id: Id) {
    let before = world.nodes[usize::from(id)].clone();
    world.restart(id);
    if world.nodes[usize::from(id)] != before {
        world.budget.crashes -= 1;
    }
}

pub(crate) fn terminate(world: &mut World, id: Id) {
    world.budget.ends -= 1;
    world.end(id);
}

impl World {
    /// An instance is no more.
    pub(crate) fn end(&mut self, id: Id) {
        if self.cut == Some(id) {
            self.cut = None;
        }
        let node = self.node(id);
        *node = Node {
            dead: true,
            manager: node.manager,
            lives: node.lives,
            ..Node::default()
        };
    }
}

/// A notice comes, or one that can be taken back goes.
pub(crate) fn notify(world: &mut World, id: Id, notice: Option<Notice>) {
    world.budget.notices -= 1;
    let node = world.node(id);
    node.notice = notice;
    if notice == Some(Notice::ScaleIn) {
        node.hook = Hook::Waits;
    }
}

pub(crate) fn evict(world: &mut World, id: Id) {
    let (Some(raft), Some(place)) = (world.contact(id), world.place(id).copied()) else {
        return;
    };
    let entries = &mut world.rafts[usize::from(raft)].entries;
    let before = entries.len();
    entries.retain(|e| !(e.node == id && e.life == place.life && e.part == Part::Worker));
    if entries.len() < before {
        world.budget.evictions -= 1;
    }
}

/// Publishes the swarm that this node made, whatever the registers say.
pub(crate) fn publish_early(world: &mut World, id: Id) {
    let unnoted = world.nodes[usize::from(id)].disk.membership.is_none();
    if let Some((raft, lead)) = world.led(id).filter(|_| unnoted) {
        let ticket = world.current(raft, lead.side);
        world.publish(id, ticket);
    }
}
