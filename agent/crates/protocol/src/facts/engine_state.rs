//! What the engine says of itself (`GET /info`, its certificate).

use std::net::SocketAddr;

use strum::IntoStaticStr;

use crate::Epoch;

/// The engine's part in a swarm.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum EngineState {
    /// Its API does not answer.
    Down,
    /// Its API answers, but in no version that the agent knows; Docker's own words.
    Unspoken(String),
    /// In no swarm.
    Inactive,
    /// Joining, or cut off from every manager it knows since it started.
    Pending(Identity),
    /// In a swarm, by its own word.
    Active(Member),
    /// A join failed for good, or its certificate is not valid now.
    Error(Failure),
    /// A manager whose raft store is encrypted, waiting for its key.
    Locked,
}

/// Why an engine's swarm part has failed.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Failure {
    /// Docker's own words.
    pub said: String,
    /// The bound that a certificate was beyond when the engine looked, where it is that.
    pub bound: Option<Bound>,
}

/// One end of a certificate's time, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Bound {
    /// It is not valid before.
    From(u64),
    /// It is not valid after.
    Until(u64),
}

/// How a certificate that an engine did not take is now, by this host's clock.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Validity {
    /// Of the future, where there are none: the clock is behind that of the manager which issued it.
    NotYet,
    /// Valid: the engine has looked while the clock was wrong.
    Now,
    /// Over.
    Over,
}

impl Bound {
    /// On which side of it a time is.
    pub fn at(self, unix: u64) -> Validity {
        match self {
            Self::From(begin) if unix < begin => Validity::NotYet,
            Self::Until(end) if unix > end => Validity::Over,
            Self::From(_) | Self::Until(_) => Validity::Now,
        }
    }
}

/// Kinds of state: what [`super::Observation::since`] tells the age of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// [`EngineState::Down`] and [`EngineState::Unspoken`].
    Down,
    /// [`EngineState::Inactive`].
    Inactive,
    /// [`EngineState::Pending`].
    Pending,
    /// [`EngineState::Error`].
    Error,
    /// [`EngineState::Locked`].
    Locked,
    /// [`Control::Worker`].
    Worker,
    /// [`Control::NoLeader`].
    NoLeader,
    /// [`Control::Manager`].
    Manager,
}

impl Kind {
    /// A word that stays the same: `no-leader`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl EngineState {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Down | Self::Unspoken(_) => Kind::Down,
            Self::Inactive => Kind::Inactive,
            Self::Pending(_) => Kind::Pending,
            Self::Error(_) => Kind::Error,
            Self::Locked => Kind::Locked,
            Self::Active(member) => match member.control {
                Control::Worker => Kind::Worker,
                Control::NoLeader(_) => Kind::NoLeader,
                Control::Manager { .. } => Kind::Manager,
            },
        }
    }

    /// How the certificate is at that time which this engine has failed by, if it has by one.
    pub fn validity(&self, unix: u64) -> Option<Validity> {
        match self {
            Self::Error(failure) => failure.bound.map(|bound| bound.at(unix)),
            _ => None,
        }
    }

    /// Who the node is in its swarm, as far as the engine knows.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Pending(identity) => Some(identity),
            Self::Active(member) => Some(&member.identity),
            _ => None,
        }
    }
}

/// Who a node is in its swarm. Empty while a first join goes on.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Identity {
    /// Docker's id of the node.
    pub node_id: Option<String>,
    /// Docker's id of the swarm: `O=` of its certificate, or a manager's `Cluster.ID`.
    pub swarm_id: Option<String>,
    /// Digest of the root certificate that it trusts, in the form of join tokens.
    pub ca_digest: Option<String>,
    /// The managers it knows (`RemoteManagers`), sorted, without this node itself.
    pub managers: Vec<SocketAddr>,
    /// Managers of its swarm lock: its key on the disk is encrypted.
    pub locks: bool,
}

/// A node in a swarm.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Member {
    /// Who it is.
    pub identity: Identity,
    /// What it can say of the swarm.
    pub control: Control,
}

/// A member's view of the swarm.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Control {
    /// A worker has none.
    Worker,
    /// A manager that reaches no leader: an election, lost quorum, or it was removed.
    NoLeader(String),
    /// A manager with a leader.
    Manager {
        /// Whether it is the leader itself.
        leader: bool,
        /// The epoch and the claim's nonce from the swarm's labels, if an agent made it.
        origin: Option<Origin>,
    },
}

/// Which claim a swarm was created under, or last recovered under, from its labels.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin {
    /// The swarm's epoch.
    pub epoch: Epoch,
    /// Nonce of the claim.
    pub nonce: String,
}
