//! When the ticket is written, and what it says: always that of the swarm as it is.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

use crate::leader::Snapshot;
use crate::{Epoch, JoinToken, Moment, NodeEntry, Stamp, Swarm, Ticket, TicketError};

/// The stored ticket is looked at this often, in case somebody else wrote it.
const VERIFY: Duration = Duration::from_mins(1);
/// And so often while it names a node that is promoted next: whoever may have led meanwhile did not know of that.
const VERIFY_NAMING: Duration = Duration::from_secs(5);

/// What is stored: `None` where nothing is.
pub type Stored = Option<Ticket>;

/// The ticket as stored, as far as a leader knows. None of it matters after a restart.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The node that is promoted next: the ticket names it before raft does.
    naming: Option<String>,
    stored: Option<(Stored, Stamp)>,
    /// The last write had no answer.
    is_unsure: bool,
}

/// A ticket that is to be stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publish {
    /// What it says.
    pub ticket: Ticket,
    /// What is stored now; where that is not known, it is read first.
    pub known: Option<Stored>,
}

/// Why no ticket can be published.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unpublishable {
    /// The engine's token has not the form of one.
    #[error(transparent)]
    Token(#[from] TicketError),
    /// A later epoch's ticket is stored: this swarm is not the cluster's any more.
    #[error("cannot publish the ticket: epoch {0} is newer than this swarm's")]
    Superseded(Epoch),
}

impl Publication {
    /// The ticket that is stored, and how long ago that was known.
    pub fn ticket(&self, now: Moment) -> Option<(&Ticket, Duration)> {
        let (ticket, at) = self.stored.as_ref()?;
        Some((ticket.as_ref()?, at.age(now)))
    }

    /// Names this node, which is promoted next.
    pub fn name(&mut self, node: &str) {
        self.naming = Some(node.to_owned());
    }

    /// Names nobody any more but this one, if it is named.
    pub fn keep_named(&mut self, node: Option<&str>) {
        self.naming.take_if(|named| Some(named.as_str()) != node);
    }

    /// What is to be written: nothing where what is stored says the same, and before the swarm's epoch is known. `kms_key` is
    /// that of the cluster's secrets, where the instance names one. `read` is the ticket that this node has read before it led:
    /// the first manager has just read that there is none, for its claim followed from it.
    ///
    /// # Errors
    /// See [`Unpublishable`].
    pub fn next(
        &mut self,
        seen: &Snapshot<'_>,
        swarm: &Swarm,
        kms_key: Option<&str>,
        read: Option<&Stored>,
    ) -> Result<Option<Publish>, Unpublishable> {
        let Some(ticket) = self.current(seen, swarm, kms_key)? else {
            return Ok(None);
        };
        let known = self.known(read, seen.now);
        if let Some(known) = &known
            && is_newest(known.as_ref(), &ticket)?
        {
            return Ok(None);
        }
        Ok(Some(Publish { ticket, known }))
    }

    /// Notes what was read. What was written before may be another's by now.
    pub fn read(&mut self, stored: Stored, now: Moment) {
        self.stored = Some((stored, now.stamp()));
    }

    /// Notes what was written.
    pub fn written(&mut self, ticket: Ticket, now: Moment) {
        self.stored = Some((Some(ticket), now.stamp()));
    }

    /// Notes whether the last write had an answer. Without one it may be written all the same: the next try reads first.
    pub fn answered(&mut self, is_answered: bool) {
        self.is_unsure = !is_answered;
    }

    /// The ticket of the swarm as it is now; `None` before its epoch is known, and where no manager is reachable.
    fn current(
        &self,
        seen: &Snapshot<'_>,
        swarm: &Swarm,
        kms_key: Option<&str>,
    ) -> Result<Option<Ticket>, TicketError> {
        let Some(epoch) = seen.epoch else {
            return Ok(None);
        };
        let managers = managers(seen.nodes);
        Ok((!managers.is_empty()).then_some(Ticket {
            epoch,
            swarm_id: swarm.id.clone(),
            token: JoinToken::parse(swarm.worker_token.clone())?,
            managers,
            instances: instances(seen.nodes, epoch, self.naming.as_ref()),
            kms_key: kms_key.map(str::to_owned),
            issued_by: seen.own.to_owned(),
            issued_at: seen.now.unix,
        }))
    }

    /// What is stored, as known a short time ago; nothing where it has to be read.
    fn known(&mut self, read: Option<&Stored>, now: Moment) -> Option<Stored> {
        if self.stored.is_none() {
            self.stored = read.map(|ticket| (ticket.clone(), now.stamp()));
        }
        let (ticket, at) = self.stored.as_ref()?;
        let verify = match self.naming {
            Some(_) => VERIFY_NAMING,
            None => VERIFY,
        };
        (!self.is_unsure && at.age(now) < verify).then(|| ticket.clone())
    }
}

/// Whether what is stored says what this swarm's own does.
///
/// # Errors
/// [`Unpublishable::Superseded`]: a later epoch's ends this swarm's chores.
pub fn is_newest(stored: Option<&Ticket>, own: &Ticket) -> Result<bool, Unpublishable> {
    match stored {
        Some(stored) if stored.epoch > own.epoch => Err(Unpublishable::Superseded(stored.epoch)),
        Some(stored) => Ok(stored.says_the_same(own)),
        None => Ok(false),
    }
}

/// All managers that raft reaches, the leader first: a joiner's first choice, and the one
/// that a join must reach in the end.
fn managers(nodes: &[NodeEntry]) -> Vec<SocketAddr> {
    let live = nodes.iter().filter_map(|node| node.manager);
    let mut live: Vec<_> = live.filter(|manager| manager.reachable).collect();
    live.sort_by_key(|manager| (!manager.leader, manager.address));
    live.iter().map(|manager| manager.address).collect()
}

/// The instances of all managers that raft counts or is about to, in a fixed order: whoever finds
/// all of them gone takes the swarm for lost.
fn instances(nodes: &[NodeEntry], epoch: Epoch, naming: Option<&String>) -> Vec<String> {
    let counts = |node: &&NodeEntry| node.counts(Some(epoch)) || naming == Some(&node.id);
    let managers = nodes.iter().filter(counts);
    let mut ids: Vec<_> = managers
        .filter_map(|node| node.instance_id.clone())
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

#[cfg(test)]
#[path = "publishing_tests.rs"]
mod tests;
