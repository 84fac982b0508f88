//! Which nodes take part in raft: the leader promotes and demotes one at a time, by EC2's word.

use std::cell::LazyCell;
use std::time::Duration;

use crate::labels::{ACTIVATED, PROMOTED_LABEL};
use crate::leader::claims::Claims;
use crate::leader::{Change, Plan, Purpose, Snapshot, labelling};
use crate::{Availability, Epoch, Instance, NodeChange, NodeEntry, Role, pace};

/// Between looks at a manager that is not reachable. No event tells when it is.
pub const SOON: Duration = Duration::from_millis(500);
/// The same after a promotion: the next one waits for this one, and it takes about a second.
pub const AT_ONCE: Duration = Duration::from_millis(100);

/// A departure that presses: what stands in its way is said aloud.
const PRESSING: u64 = 30;

/// A node that is a manager, or that EC2 calls one: of all others there may be thousands.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    node: &'a NodeEntry,
    instance: Option<&'a Instance>,
    /// `ready` by its status and, if it is a manager, reachable in raft.
    healthy: bool,
    /// Of a worker: it is that instance, by more than its own word.
    proved: bool,
    /// Its instance has the managers' role.
    authorised: bool,
    /// It is leaving, and until when it can wait (seconds since the Unix epoch, 0 where nothing presses).
    departing: Option<u64>,
}

/// The managers, and those that EC2 calls managers.
pub struct Candidates<'a>(Vec<Candidate<'a>>);

impl<'a> Candidates<'a> {
    /// Those of this swarm. Some managers make room for one that Auto Scaling may then take away.
    pub fn of(seen: &Snapshot<'a>, yields: impl Fn(&str) -> bool) -> Self {
        // Of most swarms, in most rounds, nobody is to be promoted, and no claim is looked at.
        let claims = LazyCell::new(|| Claims::of(seen));
        let told = |node: &'a NodeEntry| {
            let instance = seen.instances.of(node.instance_id.as_ref());
            let concerned = match node.role {
                Role::Manager => node.counts(seen.epoch),
                Role::Worker => instance.is_some_and(|i| i.role == Some(Role::Manager)),
            };
            concerned.then_some((node, instance))
        };
        let known = |node: &NodeEntry| match node.role {
            Role::Manager => node.manager.is_some_and(|manager| manager.reachable),
            Role::Worker => true,
        };
        let candidate = |(node, instance): (&'a NodeEntry, _)| Candidate {
            node,
            instance,
            healthy: node.ready && known(node),
            proved: node.role == Role::Worker && claims.proved(node).is_some(),
            authorised: node.role == Role::Worker
                && instance.is_some_and(|i| claims.has_managers_role(i)),
            departing: node.departing().or_else(|| yields(&node.id).then_some(0)),
        };
        Self(seen.nodes.iter().filter_map(told).map(candidate).collect())
    }

    fn managers(&self) -> impl Iterator<Item = Candidate<'a>> {
        let nodes = self.0.iter().copied();
        nodes.filter(|one| one.node.role == Role::Manager)
    }

    /// Those whose tags call them managers, and whose instances have another role than the leader's: by node and instance.
    pub fn unauthorised(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let workers = self.0.iter().filter(|one| one.node.role == Role::Worker);
        let others = workers.filter(|one| one.is_there() && !one.authorised);
        others.filter_map(|one| Some((one.node.id.as_str(), one.node.instance_id.as_deref()?)))
    }

    /// Those that are not well.
    pub fn ill(&self) -> Vec<String> {
        let ill = self.0.iter().filter(|one| !one.healthy);
        ill.map(|one| one.node.id.clone()).collect()
    }

    /// Managers whose time to leave has all but come, and which raft cannot do without.
    pub fn refused(&self, now: u64) -> Vec<String> {
        let managers: Vec<Candidate<'_>> = self.managers().collect();
        if managers.len() > 1 && managers.iter().all(|m| m.healthy) {
            return Vec::new();
        }
        let is_near = |at: u64| at != 0 && at <= now.saturating_add(PRESSING);
        let pressed = self.managers();
        let pressed = pressed.filter(|m| m.departing.is_some_and(is_near));
        pressed.map(|one| one.node.id.clone()).collect()
    }
}

/// The next step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Promotion {
    /// Nothing to do.
    Settled,
    /// A manager is not healthy: membership does not change until it is.
    Hold,
    /// Promote this node.
    Promote(String),
    /// Make this manager a worker: it is leaving, or its tag says so.
    Demote(String),
}

impl Promotion {
    /// Who is promoted.
    pub fn promoted(&self) -> Option<&str> {
        match self {
            Self::Promote(node) => Some(node),
            _ => None,
        }
    }
}

/// Decides the next step. Two managers are worse than one, so nodes are promoted only when as many are
/// at hand as the next odd number needs; but nobody is demoted for the sake of an odd number, since
/// one more copy of raft's log is worth more. Who is to come goes before who is to go, and the last
/// manager stays whatever it is told.
pub fn next(nodes: &Candidates<'_>) -> Promotion {
    let managers: Vec<Candidate<'_>> = nodes.managers().collect();
    let leaving = going(&managers);
    let remaining = managers.len() - leaving.len();
    let candidates: Vec<&Candidate<'_>> = nodes.0.iter().filter(|n| n.is_eligible()).collect();
    let target = largest_odd(remaining + candidates.len());
    let promoted = candidates.first().filter(|_| remaining < target);
    let demoted = leaving.first().filter(|_| managers.len() > 1);
    let step = match (promoted, demoted) {
        (Some(one), _) => Promotion::Promote(one.node.id.clone()),
        (None, Some(one)) => Promotion::Demote(one.node.id.clone()),
        (None, None) => return Promotion::Settled,
    };
    if managers.iter().all(|m| m.healthy) {
        step
    } else {
        Promotion::Hold
    }
}

/// The same as a plan: another role, and in the same update the availability that goes with it and the epoch of its
/// promotion, if it is one.
pub fn plan(
    next: &Promotion,
    nodes: &[NodeEntry],
    epoch: Option<Epoch>,
    managers: Availability,
) -> Plan {
    let (id, role, promoted, purpose, again) = match next {
        Promotion::Settled | Promotion::Hold => return Plan::default(),
        Promotion::Promote(id) => (id, Role::Manager, epoch, Purpose::Promote, AT_ONCE),
        Promotion::Demote(id) => (id, Role::Worker, None, Purpose::Demote, SOON),
    };
    let node = nodes.iter().find(|node| node.id == *id);
    // Who is not activated yet is given its availability then.
    let node = node.filter(|node| node.labels.contains_key(ACTIVATED));
    let node = node.filter(|node| node.departing().is_none());
    let promoted = promoted.map(|epoch| epoch.to_string());
    let change = NodeChange {
        availability: node.and_then(|node| labelling::turned(node, role, managers)),
        labels: [(PROMOTED_LABEL.to_owned(), promoted)].into(),
        ..NodeChange::role(role)
    };
    let node = id.clone();
    let change = Change::Entry {
        node,
        change,
        purpose,
    };
    Plan::in_turn(vec![change], again)
}

/// Managers that are to be workers, in this order: those that leave, the soonest first, then those
/// that were given another role; the leader last, because raft stands still for seconds after.
fn going<'a>(managers: &[Candidate<'a>]) -> Vec<Candidate<'a>> {
    let goes = |one: &Candidate<'_>| one.departing.is_some() || one.is_demoted();
    let mut going: Vec<Candidate<'a>> = managers.iter().copied().filter(goes).collect();
    let deadline = |one: &Candidate<'_>| match one.departing {
        Some(0) => (0, u64::MAX),
        Some(at) => (0, at),
        None => (1, 0),
    };
    going.sort_by_key(|one| (one.leads(), deadline(one)));
    going
}

impl Candidate<'_> {
    /// The node whose agent decides this.
    fn leads(&self) -> bool {
        self.node.manager.is_some_and(|manager| manager.leader)
    }

    fn is_told(&self, role: Role) -> bool {
        self.instance
            .is_some_and(|instance| instance.role == Some(role))
    }

    /// Its instance lives, and is where managers see the node.
    fn is_there(&self) -> bool {
        let seen_at = self.node.seen_at(self.instance);
        self.instance
            .is_some_and(|instance| instance.alive && instance.is_at(seen_at))
    }

    /// EC2 says in two answers that its role is another now. One may be late.
    fn is_demoted(&self) -> bool {
        let lasted = self.instance.is_some_and(|i| i.lasted >= pace::FLEET_GAP);
        self.healthy && self.is_told(Role::Worker) && lasted && self.is_there()
    }

    fn is_eligible(&self) -> bool {
        let is_free = self.node.role == Role::Worker && self.departing.is_none();
        let settled = self.instance.is_some_and(Instance::has_settled);
        let told = self.is_told(Role::Manager) && settled;
        is_free && self.healthy && told && self.proved && self.authorised
    }
}

fn largest_odd(count: usize) -> usize {
    if count % 2 == 1 {
        count
    } else {
        count.saturating_sub(1)
    }
}

#[cfg(test)]
#[path = "promotion_tests.rs"]
mod tests;
