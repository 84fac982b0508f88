//! A node of the swarm, as a manager sees it, and what is to change of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::facts::admission::Refusal;
use crate::facts::labels::{ACTIVATED, ADMISSION_LABEL, DEPARTING_LABEL, PROMOTED_LABEL};
use crate::{Availability, Epoch, Instance, Role};

/// A node of the swarm, as a manager sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeEntry {
    /// Docker's id of it.
    pub id: String,
    /// When the entry was made (`CreatedAt`), in nanoseconds since the Unix epoch.
    pub created: Option<u64>,
    /// The role it is meant to have (`Spec.Role`).
    pub role: Role,
    /// Whether it is given tasks (`Spec.Availability`).
    pub availability: Availability,
    /// The labels of its entry (`Spec.Labels`), which only managers can set.
    pub labels: BTreeMap<String, String>,
    /// Its state is `ready`.
    pub ready: bool,
    /// Its state is `down`. After a change of leader every node is `unknown` for a while, and
    /// that is not down.
    pub down: bool,
    /// The instance id in its engine's labels, if it has the form of one: what the node itself says.
    pub instance_id: Option<String>,
    /// The value of [`DEPARTING_LABEL`] in its engine's labels.
    pub asks_to_leave: Option<u64>,
    /// Its address, as the manager sees it.
    pub address: Option<IpAddr>,
    /// If it is a manager: where it listens and whether raft reaches it.
    pub manager: Option<ManagerEntry>,
}

impl NodeEntry {
    /// Whether it is leaving, and until when it can wait: by its engine's word, or its entry's.
    pub fn departing(&self) -> Option<u64> {
        self.asks_to_leave.or_else(|| self.marked_leaving())
    }

    /// Whether the leader has admitted it as the instance that it says it is: with its labels, and activated.
    pub fn is_admitted(&self) -> bool {
        self.instance_id.is_some() && self.labels.get(ACTIVATED) == self.instance_id.as_ref()
    }

    /// Whether a leader has ever admitted it, as whatever instance.
    pub fn was_admitted(&self) -> bool {
        self.labels.contains_key(ACTIVATED)
    }

    /// That it does not belong to the cluster, as a leader has written it down.
    pub fn refusal(&self) -> Option<Refusal> {
        Refusal::parse(self.labels.get(ADMISSION_LABEL)?)
    }

    /// Whether it goes for good, by its own word. One that has no time for it is drained by a person: it stays a member, also
    /// over a reboot.
    pub fn goes(&self) -> bool {
        self.departing().is_some_and(|at| at != 0)
    }

    /// The value of [`DEPARTING_LABEL`] in its entry's labels. A value that is no time says that the
    /// node is leaving all the same.
    pub fn marked_leaving(&self) -> Option<u64> {
        let value = self.labels.get(DEPARTING_LABEL)?;
        Some(value.parse().unwrap_or_default())
    }

    /// The address that is held against EC2's word. A manager's is also the one under which raft knows it,
    /// where EC2 says the same: of the leader itself Docker does not always tell another.
    pub fn seen_at(&self, instance: Option<&Instance>) -> Option<IpAddr> {
        let listens = self.manager.map(|manager| manager.address.ip());
        listens
            .filter(|ip| instance.is_some_and(|instance| instance.is_at(Some(*ip))))
            .or(self.address)
    }

    /// Whether raft counts it, or will as soon as it can. One that is down and that raft does not
    /// know was either promoted and has yet to find its place, or was left behind when a cluster
    /// was forced: the epoch that its promotion wrote into its entry tells which. And who is to be a worker counts until raft
    /// has let it go: the last manager never is, also where it forced a new cluster while its demotion was under way.
    pub fn counts(&self, epoch: Option<Epoch>) -> bool {
        let promoted = || epoch.is_some() && self.promoted() >= epoch;
        let is_manager = || self.role == Role::Manager && (!self.down || promoted());
        self.manager.is_some() || is_manager()
    }

    /// Whether raft knows it: the engine then does not remove it before it is demoted.
    pub fn is_in_raft(&self) -> bool {
        self.role == Role::Manager && self.manager.is_some()
    }

    /// The value of [`PROMOTED_LABEL`].
    fn promoted(&self) -> Option<Epoch> {
        self.labels.get(PROMOTED_LABEL)?.parse().ok()
    }
}

/// A manager's part of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ManagerEntry {
    /// Where it listens.
    pub address: SocketAddr,
    /// Raft reaches it.
    pub reachable: bool,
    /// It is the leader.
    pub leader: bool,
}

/// What is to change of a node's entry; the rest stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NodeChange {
    /// Its role.
    pub role: Option<Role>,
    /// Whether it is given tasks.
    pub availability: Option<Availability>,
    /// Labels to set, and to take away where there is no value.
    pub labels: BTreeMap<String, Option<String>>,
}

impl NodeChange {
    /// Another role, and nothing else.
    pub fn role(role: Role) -> Self {
        Self {
            role: Some(role),
            ..Self::default()
        }
    }
}
