//! What a round decides: one step, and why.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use strum::IntoStaticStr;

use super::Epoch;

/// One step and its reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// What to do now.
    pub action: Action,
    /// Why: shown in `STATUS=` and in the journal.
    pub reason: Reason,
}

/// One step. After it, the agent looks again.
#[derive(Clone, Debug, Eq, PartialEq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Nothing to do for this long, unless something happens.
    Wait(Duration),
    /// Read the ticket from Parameter Store.
    ReadTicket,
    /// Read both registers of an epoch.
    ReadRegisters(Epoch),
    /// Create the claim of an epoch, once and for all.
    CreateClaim(Epoch),
    /// Create a swarm under this node's claim.
    InitSwarm(Epoch),
    /// Write down that the swarm this node made is the cluster's.
    DeclareFormed(Epoch),
    /// Write down that an epoch will have no swarm.
    PassOver(Epoch),
    /// Ask EC2 about the instance that holds the claim.
    AskAboutHolder(String),
    /// Ask the ticket's managers, without credentials, which swarm they serve.
    Probe,
    /// Hand the engine this manager's address and the ticket's token.
    Join(SocketAddr),
    /// Remember that this node belongs to the swarm of this epoch.
    Remember(Epoch),
    /// Take the engine out of the swarm it is in.
    Leave,
    /// A member: be ready, do the leader's chores if it falls to this node, look again
    /// after this long.
    Serve(Duration),
}

impl Action {
    /// A word that stays the same, for filters: `read-ticket`.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

/// Why a step was chosen: data first, the sentence second.
#[derive(Clone, Debug, Eq, PartialEq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Reason {
    /// The engine's API does not answer.
    EngineDown,
    /// The engine is about to join, or looks for its managers.
    EnginePending,
    /// The engine has tried long enough.
    JoinStuck,
    /// The engine gave up.
    EngineError(String),
    /// Raft is encrypted and nobody gave the key.
    EngineLocked,
    /// This node belongs to the cluster's swarm.
    Member {
        /// Whether the leader's chores are this node's.
        leader: bool,
    },
    /// A manager that reaches no leader.
    NoLeader,
    /// In a swarm, but it is not known whether it is the cluster's.
    Unproven,
    /// In a swarm that is not the cluster's: only a person can know why.
    ForeignSwarm {
        /// The swarm it is in.
        here: String,
        /// The swarm of the ticket.
        cluster: String,
    },
    /// Nothing is known of the ticket yet.
    TicketUnknown,
    /// The ticket could not be read.
    TicketUnreadable(String),
    /// No swarm is published yet.
    NoTicket,
    /// The ticket's managers have not been asked yet.
    ManagersUnknown,
    /// None of the ticket's managers can take this node.
    NoManagerAnswers(String),
    /// A manager of the right swarm, with a leader, answers.
    ManagerAnswers,
    /// The engine has left a swarm a moment ago and needs a pause.
    JustLeft,
    /// The engine could not join a moment ago.
    JoinFailed(String),
    /// The registers of this epoch are not known, or not any more.
    RegistersUnknown(Epoch),
    /// The registers could not be read or written.
    RegistersUnreadable(String),
    /// Nobody has claimed the epoch.
    Unclaimed(Epoch),
    /// This node may create the swarm of the epoch.
    ClaimIsMine(Epoch),
    /// Another node may: it has been given its time.
    ClaimedBy(Epoch, String),
    /// The holder is gone or stalled.
    HolderLost(Epoch, String),
    /// The epoch is formed; its ticket has not been seen yet.
    FormedWithoutTicket(Epoch),
    /// The swarm this node made stands, and is not written down yet.
    SwarmMade(Epoch),
    /// The swarm this node made is the cluster's.
    SwarmFormed(Epoch),
    /// The swarm this node made is not the cluster's: its epoch went another way.
    SwarmPassedOver(Epoch),
}

impl Reason {
    /// A word that stays the same, for filters: `no-ticket`.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Whether the leader's chores fall to this node.
    pub fn leads(&self) -> bool {
        matches!(self, Self::Member { leader: true })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EngineDown => write!(f, "waiting for the Docker Engine to answer"),
            Self::EnginePending => write!(f, "the engine looks for a manager"),
            Self::JoinStuck => write!(f, "the engine found no manager in time"),
            Self::EngineError(why) => write!(f, "the engine cannot join: {why}"),
            Self::EngineLocked => write!(
                f,
                "the swarm is locked: run `docker swarm unlock` on this node"
            ),
            Self::Member { leader: true } => write!(f, "in the swarm, leader"),
            Self::Member { leader: false } => write!(f, "in the swarm"),
            Self::NoLeader => write!(f, "in the swarm, which has no leader"),
            Self::Unproven => write!(f, "in a swarm, not yet known to be the cluster's"),
            Self::ForeignSwarm { here, cluster } => write!(
                f,
                "in swarm {here}, but the cluster's is {cluster}: run `docker swarm leave` to let it join"
            ),
            Self::TicketUnknown => write!(f, "reading the ticket"),
            Self::TicketUnreadable(why) => write!(f, "cannot read the ticket: {why}"),
            Self::NoTicket => write!(f, "waiting for a manager to publish the ticket"),
            Self::ManagersUnknown => write!(f, "asking the ticket's managers"),
            Self::NoManagerAnswers(seen) => write!(f, "no manager can take this node: {seen}"),
            Self::ManagerAnswers => write!(f, "a manager of the cluster's swarm answers"),
            Self::JustLeft => write!(f, "pausing between leaving a swarm and joining the next"),
            Self::JoinFailed(why) => write!(f, "cannot join the swarm: {why}"),
            Self::RegistersUnknown(epoch) => write!(f, "looking at epoch {epoch}"),
            Self::RegistersUnreadable(why) => write!(f, "cannot claim the swarm: {why}"),
            Self::Unclaimed(epoch) => write!(f, "epoch {epoch} is unclaimed"),
            Self::ClaimIsMine(epoch) => write!(f, "epoch {epoch} is this node's to form"),
            Self::ClaimedBy(epoch, holder) => {
                write!(f, "waiting for {holder} to form the swarm of epoch {epoch}")
            }
            Self::HolderLost(epoch, why) => write!(f, "epoch {epoch} is passed over: {why}"),
            Self::FormedWithoutTicket(epoch) => {
                write!(f, "epoch {epoch} is formed, waiting for its ticket")
            }
            Self::SwarmMade(epoch) => write!(f, "the swarm of epoch {epoch} stands"),
            Self::SwarmFormed(epoch) => write!(f, "the swarm of epoch {epoch} is the cluster's"),
            Self::SwarmPassedOver(epoch) => {
                write!(
                    f,
                    "epoch {epoch} went another way: leaving the swarm made for it"
                )
            }
        }
    }
}
