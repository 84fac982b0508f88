//! The ticket, always that of the swarm as it is.

use std::time::Duration;

use tracing::info;

use crate::run::busy::Busy;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::ticket::{Known, Put, Stored};
use crate::run::memory::Memory;
use aws::CloudError;
use protocol::node::{Event, Node};
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
    /// The last write had no answer.
    unsure: bool,
}

impl Published {
    /// The ticket that is stored, and how long ago that was known.
    pub(super) fn ticket(&self, now: Moment) -> Option<(&Ticket, Duration)> {
        let (ticket, at) = self.stored.as_ref()?;
        Some((ticket.as_ref()?, at.age(now)))
    }

    /// Writes the ticket when it differs from what is stored.
    pub(super) async fn publish<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
        nodes: &[NodeEntry],
        swarm: &Swarm,
    ) -> Result<(), StepError> {
        if !context.lanes.ticket.is_free() {
            return Err(StepError::NotYet(None));
        }
        let epoch = memory.node.epoch();
        let Some(ticket) = self.current(context, epoch, nodes, swarm)? else {
            return Ok(());
        };
        let edges = &context.edges;
        self.busy.held(edges.now())?;
        let known = self.known_ticket(&memory.node, edges.now());
        if let Some(known) = &known
            && known.is_newest(&ticket)?
        {
            return Ok(());
        }
        let stored = Stored {
            store: edges.store.clone(),
            names: context.names.clone(),
        };
        let putting = context.lanes.ticket.ask(stored.put(ticket, known));
        let put = putting.await.ok_or(StepError::NotYet(None))?;
        self.hear(memory, edges.now(), put)
    }

    /// Folds in what Parameter Store has answered. What was read is learnt for the next decision too: a later epoch's
    /// ticket ends this swarm's chores.
    pub(super) fn hear(
        &mut self,
        memory: &mut Memory,
        now: Moment,
        put: Put,
    ) -> Result<(), StepError> {
        if let Some(Known(read)) = put.read {
            memory.node.learn(Event::Ticket(Ok(read.clone())), now);
            self.stored = Some((read, now.stamp()));
        }
        self.busy.note(&put.done, now);
        // Without an answer it may be written all the same: the next try reads first.
        self.unsure = matches!(put.done, Err(StepError::Cloud(CloudError::Failed { .. })));
        if let Some(ticket) = put.done? {
            info!(epoch = ticket.epoch.number(), managers = ?ticket.managers, "ticket published");
            self.stored = Some((Some(ticket), now.stamp()));
        }
        Ok(())
    }

    /// The ticket of the swarm as it is now; `None` before its epoch is known.
    fn current<O: Outside>(
        &self,
        context: &Context<O>,
        known: Option<Epoch>,
        nodes: &[NodeEntry],
        swarm: &Swarm,
    ) -> Result<Option<Ticket>, StepError> {
        let Some(epoch) = swarm.epoch.or(known) else {
            return Ok(None);
        };
        let managers = managers(nodes);
        let identity = &context.identity;
        Ok((!managers.is_empty()).then_some(Ticket {
            epoch,
            swarm_id: swarm.id.clone(),
            token: JoinToken::parse(swarm.worker_token.clone())?,
            managers,
            instances: instances(nodes, epoch, self.naming.as_ref()),
            kms_key: identity.kms_key.clone(),
            issued_by: identity.instance_id.clone(),
            issued_at: context.edges.now().unix,
        }))
    }

    /// What is stored, as known a short time ago; nothing where it has to be read.
    fn known_ticket(&mut self, node: &Node, now: Moment) -> Option<Known> {
        if self.stored.is_none() {
            // The first manager has just read that there is none: its claim followed from it.
            let read = node.ticket_read().and_then(Series::answer);
            self.stored = read.map(|ticket| (ticket.clone(), now.stamp()));
        }
        let (ticket, at) = self.stored.as_ref()?;
        let verify = match self.naming {
            Some(_) => VERIFY_NAMING,
            None => VERIFY,
        };
        (!self.unsure && at.age(now) < verify).then(|| Known(ticket.clone()))
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
