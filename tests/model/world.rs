//! The state of a cluster: Parameter Store, the engines and their rafts, and of each node what is
//! on its disk, what its agent has learnt and which step it is in the middle of.

use protocol::Availability;
use protocol::leader::admission::Refusal;
use protocol::leader::draining::DrainedFor;

use crate::departures::Notice;
use crate::engine_view::Engine;
use crate::minds::{Disk, Mind};
use crate::set::Set;
use crate::strangers::Stranger;

/// The index of a node: of its instance, and of its address.
pub(crate) type Id = u8;
/// The number of an epoch, from 1.
pub(crate) type Number = u8;

/// Everything.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct World {
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) ticket: Option<Ticket>,
    /// What the ticket was before: a stale read.
    pub(crate) earlier: Option<Ticket>,
    pub(crate) rafts: Vec<Raft>,
    pub(crate) nodes: Vec<Node>,
    /// The node that reaches no other.
    pub(crate) cut: Option<Id>,
    /// A look at the engine serves the rounds after it too.
    pub(crate) looks_serve: bool,
    /// Strangers may come. Who joins is admitted by the leader; in other scenes by its join.
    pub(crate) admits: bool,
    pub(crate) budget: Budget,
    pub(crate) history: History,
}

/// Both registers of an epoch.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Epoch {
    pub(crate) claim: Option<Id>,
    pub(crate) outcome: Option<Outcome>,
}

/// What became of an epoch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Outcome {
    Formed { swarm: u8, raft: u8 },
    PassedOver,
}

/// The ticket, by its parts that matter. `raft` is for the properties: no agent knows it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) epoch: Number,
    pub(crate) swarm: u8,
    pub(crate) raft: u8,
    pub(crate) managers: Set,
    pub(crate) instances: Set,
}

/// The managers of a swarm. Each forced new cluster is another raft of the same swarm, with a copy
/// of its node list.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Raft {
    pub(crate) swarm: u8,
    /// Who made or forced it: its leader, while its majority has it.
    pub(crate) maker: Id,
    pub(crate) label: Label,
    pub(crate) entries: Vec<Entry>,
}

/// Whose claim a swarm was made under, from its labels.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Label {
    pub(crate) epoch: Number,
    pub(crate) owner: Id,
}

/// A line of the node list. Instance and life together are Docker's node id.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Entry {
    pub(crate) node: Id,
    pub(crate) life: u8,
    pub(crate) part: Part,
    pub(crate) availability: Availability,
    /// Managers have learnt that its engine asks to leave, and why.
    pub(crate) asks: Option<Notice>,
    /// It says itself that it leaves.
    pub(crate) mark: Option<Notice>,
    /// The record of a leader's drain.
    pub(crate) drained_for: Option<DrainedFor>,
    /// A leader has given it its labels, and tasks.
    pub(crate) admitted: bool,
    /// A leader has written down that it does not belong.
    pub(crate) refused: Option<Refusal>,
    /// It is no instance of the cluster.
    pub(crate) stranger: Option<Stranger>,
}

impl Entry {
    /// Why it departs, by its engine's word or its own.
    pub(crate) fn departs(self) -> Option<Notice> {
        self.asks.or(self.mark)
    }

    pub(crate) fn new(node: Id, life: u8, part: Part) -> Self {
        Self {
            node,
            life,
            part,
            availability: Availability::Active,
            asks: None,
            mark: None,
            drained_for: None,
            admitted: true,
            refused: None,
            stranger: None,
        }
    }
}

/// A node's part by the list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Part {
    Worker,
    /// Counted by raft.
    Manager,
    /// A manager by the list that raft does not count since a new cluster was forced.
    Outvoted,
}

/// An instance.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Node {
    pub(crate) dead: bool,
    /// `swarm:role = manager`.
    pub(crate) manager: bool,
    /// Where its engine is, if it is in a swarm.
    pub(crate) place: Option<Place>,
    /// How often it has been in a swarm.
    pub(crate) lives: u8,
    /// Which of its lives its record in Parameter Store names.
    pub(crate) recorded: u8,
    pub(crate) disk: Disk,
    pub(crate) mind: Mind,
    /// The look at the engine that the next round may rest on, where the scene has such rounds.
    pub(crate) looked: Option<Engine>,
    pub(crate) doing: Option<Doing>,
    /// Why it is to go.
    pub(crate) notice: Option<Notice>,
    /// Its engine's labels say that it leaves.
    pub(crate) says: Option<Notice>,
    pub(crate) has_task: bool,
    pub(crate) hook: Hook,
}

/// The hook of an instance's end.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Hook {
    #[default]
    None,
    Waits,
    Completed,
}

/// The engine's state on disk.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Place {
    pub(crate) swarm: u8,
    pub(crate) life: u8,
    /// A manager's store.
    pub(crate) raft: Option<u8>,
    /// `RemoteManagers`, as of the last contact.
    pub(crate) known: Set,
}

/// A remembered joining.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Membership {
    pub(crate) swarm: u8,
    pub(crate) life: u8,
    pub(crate) epoch: Number,
}

/// The rest of a step whose first effect is done, or whose decision is made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Doing {
    /// Recorded; the engine has not left yet.
    Leave,
    /// Left; the memory has not been cleared yet.
    Forget,
    /// Recorded; the engine has not left on purpose yet.
    Depart,
    /// It has; that has not been noted yet.
    Departed,
    /// Recorded; the new cluster has not been forced yet.
    Force(Number),
    /// The leader's round has found a ticket to write.
    Put(Ticket),
    /// The leader's round goes on to its node list.
    Tend,
}

/// How often the adversary may do what.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Budget {
    pub(crate) crashes: u8,
    pub(crate) ends: u8,
    pub(crate) cuts: u8,
    pub(crate) stale: u8,
    pub(crate) lost: u8,
    pub(crate) evictions: u8,
    /// Notices that come, or go.
    pub(crate) notices: u8,
    /// What strangers do.
    pub(crate) strangers: u8,
}

/// What the properties look back at.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct History {
    /// Rafts that were declared formed or published, by epoch.
    pub(crate) declared: Vec<(Number, u8)>,
    /// Epochs under which a new cluster was forced.
    pub(crate) recovered: Vec<Number>,
    /// Auto Scaling has ended a manager whose time was up before it was demoted.
    pub(crate) ended_in_raft: bool,
    /// Rules broken by a step.
    pub(crate) broken: Vec<Rule>,
}

/// What no step may do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Rule {
    InitUnderClaim,
    PublishFormed,
    PublishNewest,
    StayInGoodSwarm,
    KeepOwnSwarm,
    LeaveTheDead,
    RecoverLostMajority,
    RecoverOnce,
    LeaveAsWorker,
    TasksFirst,
    CompleteAtTheEnd,
    PromoteOurs,
    AdmitOurs,
    RefuseStrangers,
    ReapTheGone,
    DemoteTheLeaving,
}

impl History {
    pub(crate) fn declare(&mut self, epoch: Number, raft: u8) {
        if !self.declared.contains(&(epoch, raft)) {
            self.declared.push((epoch, raft));
            self.declared.sort_unstable();
        }
    }

    pub(crate) fn note(&mut self, rule: Rule, holds: bool) {
        if !holds && !self.broken.contains(&rule) {
            self.broken.push(rule);
        }
    }
}
