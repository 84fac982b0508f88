//! What a round decides: one step, and why.

use std::net::SocketAddr;
use std::time::Duration;

use strum::IntoStaticStr;

use crate::facts::hooks::Transition;
use crate::{Epoch, Identity, Membership, Reason, Ticket};

/// One step and its reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// What to do now.
    pub action: Action,
    /// Why: shown in `STATUS=` and in the journal.
    pub reason: Reason,
}

/// One step. After it, the agent looks again.
#[derive(Clone, Debug, Eq, Hash, PartialEq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Nothing to do for this long, unless something happens.
    Wait(Duration),
    /// A member: be ready, do the leader's chores if it falls to this node, look again
    /// after this long.
    Serve(Duration),
    /// Read the ticket from Parameter Store.
    ReadTicket,
    /// Read both registers of an epoch.
    ReadRegisters(Epoch),
    /// Create the claim of an epoch, once and for all.
    CreateClaim(Epoch),
    /// Create a swarm under this node's claim.
    InitSwarm(Epoch),
    /// Force a new cluster out of this manager's old one, under this node's claim.
    Recover(Epoch),
    /// Write this node's claim into the swarm's labels, after a recovery.
    MarkEpoch(Epoch),
    /// Write down that the swarm this node made is the cluster's.
    DeclareFormed(Epoch),
    /// Write down that an epoch will have no swarm.
    PassOver(Epoch),
    /// Ask EC2 about instances, by their ids.
    AskFleet(Vec<String>),
    /// Ask the managers that this node knows, without credentials, whether it is a member.
    AskStanding(Box<Asked>),
    /// Ask the ticket's managers but for this one, without credentials, which swarm they serve: an engine that hangs may
    /// answer here all the same.
    Probe(Vec<SocketAddr>),
    /// Hand the engine this manager's address and the ticket's token.
    Join(Box<Joining>),
    /// Remember that this node belongs to the swarm of this epoch.
    Remember(Box<Membership>),
    /// Write down in Parameter Store that this manager-to-be is this node (Docker's id): nobody is promoted without.
    RecordNode(String),
    /// Take the engine out of the swarm it is in.
    Leave,
    /// Fetch the key of an encrypted raft store and unlock the engine.
    Unlock,
    /// Have the engine's service restarted.
    RestartEngine,
    /// Have the engine started without its swarm state, which is cleared if that is what keeps it from starting.
    ClearSwarm,
    /// Say by the engine's labels that this node departs: until when, in seconds since the Unix epoch, or 0.
    Announce(u64),
    /// Say in this manager's own entry that it departs, and take no more tasks.
    Mark(OwnEntry),
    /// Take back that this node departs.
    Retract(Said),
    /// Count the swarm's tasks that run here.
    CountTasks,
    /// Leave the swarm on purpose.
    Depart,
    /// Ask Auto Scaling which hooks wait for this instance: of these kinds.
    ListHooks(&'static [Transition]),
    /// Have these wait for as long again.
    Heartbeat(Vec<String>),
    /// Have Auto Scaling go on, as far as it waits for these.
    CompleteLifecycle(Vec<String>),
}

/// Whom to ask about this node.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Asked {
    /// This node, by its engine's word.
    pub node: Identity,
    /// The managers that it knows.
    pub managers: Vec<SocketAddr>,
}

/// What a node joins by.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Joining {
    /// The ticket.
    pub ticket: Ticket,
    /// That one of its managers which has just answered.
    pub manager: SocketAddr,
}

/// What a manager's own entry is to say of its departure.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OwnEntry {
    /// Docker's id of the node.
    pub node_id: String,
    /// Until when, in seconds since the Unix epoch; 0 where nothing presses.
    pub until: u64,
}

/// Where it was said that this node departs.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Said {
    /// In the engine's labels.
    pub announced: bool,
    /// In the entry of this node (Docker's id), a manager's own.
    pub entry: Option<String>,
}

impl Decision {
    /// Whether its step only asks, so that a notice may end it. A member's round does that too, where it does not lead.
    pub fn gives_way(&self) -> bool {
        let follows = matches!(self.action, Action::Serve(_)) && !self.reason.leads();
        self.action.is_question() || follows
    }
}

impl Action {
    /// A word that stays the same, for filters: `read-ticket`.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Whether it leaves this node's engine as it is: a question, a note, or a write elsewhere.
    pub fn spares_engine(&self) -> bool {
        matches!(
            self,
            Self::ReadTicket
                | Self::ReadRegisters(_)
                | Self::CreateClaim(_)
                | Self::DeclareFormed(_)
                | Self::PassOver(_)
                | Self::AskFleet(_)
                | Self::AskStanding(_)
                | Self::Probe(_)
                | Self::Remember(_)
                | Self::RecordNode(_)
        )
    }

    /// Whether it only asks, or writes what may be written twice: one that is dropped has done no harm, and is done again.
    pub fn is_question(&self) -> bool {
        matches!(
            self,
            Self::ReadTicket
                | Self::ReadRegisters(_)
                | Self::AskFleet(_)
                | Self::AskStanding(_)
                | Self::Probe(_)
                | Self::CountTasks
                | Self::ListHooks(_)
                | Self::RecordNode(_)
        )
    }

    /// Whether it costs what runs on this node: it rests on a look at the engine of its own.
    pub fn is_drastic(&self) -> bool {
        matches!(
            self,
            Self::Recover(_) | Self::Leave | Self::RestartEngine | Self::ClearSwarm | Self::Depart
        )
    }
}
