//! The ticket, always that of the swarm as it is.

use std::time::Duration;

use tracing::info;

use super::stored::{Known, Put, Stored};
use crate::run::busy::Busy;
use crate::run::{Agent, Outside, StepError};
use protocol::node::Event;
use protocol::{Epoch, JoinToken, Moment, Series, Stamp, Ticket};
use protocol::{NodeEntry, Swarm};

/// The stored ticket is looked at this often, in case somebody else wrote it.
const VERIFY: Duration = Duration::from_mins(1);
/// And so often while it names a node that is promoted next: whoever may have led meanwhile did not know of that.
const VERIFY_NAMING: Duration = Duration::from_secs(5);

/// The ticket as stored, as far as this leader knows.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) busy: Busy,
    /// The node that is promoted next: the ticket names it before raft does.
    pub(super) naming: Option<String>,
    stored: Option<(Option<Ticket>, Stamp)>,
}

impl Published {
    /// The ticket that is stored, and how long ago that was known.
    pub(in crate::run) fn ticket(&self, now: Moment) -> Option<(&Ticket, Duration)> {
        let (ticket, at) = self.stored.as_ref()?;
        Some((ticket.as_ref()?, at.age(now)))
    }
}

impl<O: Outside> Agent<O> {
    /// Writes the ticket when it differs from what is stored.
    pub(super) async fn publish(
        &mut self,
        nodes: &[NodeEntry],
        swarm: &Swarm,
    ) -> Result<(), StepError> {
        let lanes = self.lanes.clone();
        if !lanes.ticket.is_free() {
            return Err(StepError::NotYet(None));
        }
        self.chores.was_late("ticket")?;
        let Some(ticket) = self.current(nodes, swarm)? else {
            return Ok(());
        };
        self.chores.published.busy.held(self.edges.now())?;
        let known = self.known_ticket();
        if let Some(known) = &known
            && known.is_newest(&ticket)?
        {
            return Ok(());
        }
        let stored = Stored {
            store: self.edges.store.clone(),
            names: self.names.clone(),
        };
        let putting = lanes.ticket.ask(stored.put(ticket, known));
        let put = putting.await.ok_or(StepError::NotYet(None))?;
        self.hear_ticket(put)
    }

    /// Folds in what Parameter Store has answered. What was read is learnt for the next decision too: a later epoch's
    /// ticket ends this swarm's chores.
    pub(in crate::run) fn hear_ticket(&mut self, put: Put) -> Result<(), StepError> {
        let now = self.edges.now();
        if let Some(Known(read)) = put.read {
            self.node.learn(Event::Ticket(Ok(read.clone())), now);
            self.chores.published.stored = Some((read, now.stamp()));
        }
        self.chores.published.busy.note(&put.done, now);
        if let Some(ticket) = put.done? {
            info!(epoch = ticket.epoch.number(), managers = ?ticket.managers, "ticket published");
            self.chores.published.stored = Some((Some(ticket), now.stamp()));
        }
        Ok(())
    }

    /// The ticket of the swarm as it is now; `None` before its epoch is known.
    fn current(&self, nodes: &[NodeEntry], swarm: &Swarm) -> Result<Option<Ticket>, StepError> {
        let Some(epoch) = swarm.epoch.or_else(|| self.node.epoch()) else {
            return Ok(None);
        };
        let managers = managers(nodes);
        let naming = self.chores.published.naming.as_ref();
        Ok((!managers.is_empty()).then_some(Ticket {
            epoch,
            swarm_id: swarm.id.clone(),
            token: JoinToken::parse(swarm.worker_token.clone())?,
            managers,
            instances: instances(nodes, epoch, naming),
            kms_key: self.identity.kms_key.clone(),
            issued_by: self.identity.instance_id.clone(),
            issued_at: self.edges.now().unix,
        }))
    }

    /// What is stored, as known a short time ago; nothing where it has to be read.
    fn known_ticket(&mut self) -> Option<Known> {
        let now = self.edges.now();
        let published = &mut self.chores.published;
        if published.stored.is_none() {
            // The first manager has just read that there is none: its claim followed from it.
            let read = self.node.ticket_read().and_then(Series::answer);
            published.stored = read.map(|ticket| (ticket.clone(), now.stamp()));
        }
        let (ticket, at) = published.stored.as_ref()?;
        let verify = match published.naming {
            Some(_) => VERIFY_NAMING,
            None => VERIFY,
        };
        (at.age(now) < verify).then(|| Known(ticket.clone()))
    }
}

/// All managers that raft reaches, the leader first: a joiner's first choice, and the one
/// that a join must reach in the end.
fn managers(nodes: &[NodeEntry]) -> Vec<std::net::SocketAddr> {
    let mut live: Vec<_> = nodes
        .iter()
        .filter_map(|node| node.manager.filter(|m| m.reachable))
        .collect();
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
