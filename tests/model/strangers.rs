//! Strangers: engines of one who has the worker token, and who reaches managers from addresses of his own or, as a container
//! does, from behind a manager's. They say that they are whoever they like.

use protocol::Availability;

use crate::departures::Notice;
use crate::world::{Entry, Id, Part, World};

/// Their nodes' numbers in a list begin here: no instance has one of these.
const FIRST: Id = 200;
/// An instance that EC2 does not know.
pub(crate) const UNKNOWN: Id = 7;

/// What there is of one besides its entry.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Stranger {
    pub(crate) word: Guise,
    pub(crate) up: bool,
}

/// Who he says he is, and where managers see him.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Guise {
    pub(crate) claims: Option<Id>,
    /// Behind this manager's address. None: at one that is no instance's.
    pub(crate) behind: Option<Id>,
}

/// What one does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Move {
    Join(Guise),
    Go(Id),
    ComeBack(Id, Guise),
    /// It says that it leaves, or no more.
    Say(Id, Option<Notice>),
}

/// All that can be said where. Behind a manager's address whose other claims EC2 refutes as it does those from elsewhere, one
/// such claim is enough: another node's.
fn guises(world: &World) -> Vec<Guise> {
    let known = (0..).take(world.nodes.len());
    let claims: Vec<Option<Id>> = known.chain([UNKNOWN]).map(Some).chain([None]).collect();
    let elsewhere = claims.into_iter().map(|claims| Guise {
        claims,
        behind: None,
    });
    let managers = (0..).zip(&world.nodes).filter(|(_, node)| node.manager);
    let alive = managers.filter(|(_, node)| !node.dead).map(|(id, _)| id);
    let own = alive.map(|id: Id| Guise {
        claims: Some(id),
        behind: Some(id),
    });
    let other = (world.nodes.len() > 1 && !world.nodes[0].dead).then_some(Guise {
        claims: Some(1),
        behind: Some(0),
    });
    elsewhere.chain(own).chain(other).collect()
}

/// What strangers may do now.
pub(crate) fn moves(world: &World) -> Vec<Move> {
    if world.budget.strangers == 0 {
        return Vec::new();
    }
    let guises = guises(world);
    let mut moves: Vec<Move> = guises.iter().copied().map(Move::Join).collect();
    for entry in world.strangers() {
        let Some(stranger) = entry.stranger else {
            continue;
        };
        if stranger.up {
            moves.push(Move::Go(entry.node));
            let says = [None, Some(Notice::ScaleIn), Some(Notice::Drain)];
            let others = says.into_iter().filter(|what| *what != entry.asks);
            moves.extend(others.map(|what| Move::Say(entry.node, what)));
        } else {
            let back = guises.iter().copied();
            moves.extend(back.map(|guise| Move::ComeBack(entry.node, guise)));
        }
    }
    moves
}

impl World {
    /// Those that are in the newest list that a majority keeps.
    fn strangers(&self) -> Vec<Entry> {
        let led = self.numbers().rev().find(|raft| self.lead(*raft).is_some());
        let entries = led.map(|raft| &self.raft(raft).entries);
        let entries = entries.into_iter().flatten();
        let strangers = entries.filter(|entry| entry.stranger.is_some());
        strangers.copied().collect()
    }

    /// A stranger does something; whether it could.
    pub(crate) fn stranger(&mut self, what: Move) -> bool {
        self.budget.strangers -= 1;
        let newest = self.numbers().rev().find(|raft| self.lead(*raft).is_some());
        let Some(raft) = newest else {
            return false;
        };
        if let Move::Join(guise) = what {
            return self.join_stranger(raft, guise);
        }
        // All lists have the same engine.
        let all = self.rafts.iter_mut().flat_map(|raft| &mut raft.entries);
        match what {
            Move::Join(_) => {}
            Move::Go(id) => all.for_each(|entry| entry.with_stranger(id, |it| it.up = false)),
            Move::ComeBack(id, word) => {
                let back = Stranger { word, up: true };
                all.for_each(|entry| entry.with_stranger(id, |it| *it = back));
            }
            Move::Say(id, notice) => {
                let own = all.filter(|entry| entry.node == id);
                own.for_each(|entry| entry.asks = notice);
            }
        }
        true
    }

    /// It takes tasks at once, as Docker has it where the joiner says nothing else.
    fn join_stranger(&mut self, raft: u8, word: Guise) -> bool {
        let stranger = Stranger { word, up: true };
        let leader = self.lead(raft).map(|lead| lead.leader);
        if !leader.is_some_and(|leader| self.reaches(leader, stranger)) {
            return false;
        }
        let all = self.rafts.iter().flat_map(|raft| &raft.entries);
        let used: Vec<Id> = all.map(|entry| entry.node).collect();
        let free = (FIRST..=Id::MAX).find(|id| !used.contains(id));
        let Some(node) = free else {
            return false;
        };
        let entry = Entry {
            availability: Availability::Active,
            admitted: false,
            stranger: Some(stranger),
            ..Entry::new(node, 1, Part::Worker)
        };
        self.rafts[usize::from(raft)].entries.push(entry);
        true
    }

    /// Whether a leader is in contact with a stranger. Who is behind a manager's address is there for as long as its instance,
    /// also while that manager's own engine reaches nobody.
    pub(crate) fn reaches(&self, leader: Id, stranger: Stranger) -> bool {
        let host = stranger.word.behind;
        let exists = host.is_none_or(|id| !self.nodes[usize::from(id)].dead);
        stranger.up && exists && (self.cut != Some(leader) || host == Some(leader))
    }
}

impl Entry {
    fn with_stranger(&mut self, id: Id, change: impl FnOnce(&mut Stranger)) {
        if let Some(stranger) = self.stranger.as_mut().filter(|_| self.node == id) {
            change(stranger);
        }
    }

    /// The instance that its engine says it is.
    pub(crate) fn claims(self) -> Option<Id> {
        match self.stranger {
            Some(stranger) => stranger.word.claims,
            None => Some(self.node),
        }
    }

    /// Whose address managers see; none where it is no instance's.
    pub(crate) fn is_at(self) -> Option<Id> {
        match self.stranger {
            Some(stranger) => stranger.word.behind,
            None => Some(self.node),
        }
    }
}
