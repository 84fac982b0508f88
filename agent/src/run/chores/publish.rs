//! The ticket, kept stored: what it says and when it is written is `leader::publishing`.

use std::time::Duration;

use tracing::info;

use super::snapshot::snapshot;
use crate::run::busy::Busy;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::ticket::{Put, Store};
use crate::run::memory::Memory;
use aws::CloudError;
use protocol::leader::publishing::Publication;
use protocol::leader::{NO_RECORDS, Snapshot};
use protocol::node::Event;
use protocol::{Moment, NodeEntry, Series, Swarm, Ticket};

/// What the leader knows of the stored ticket, and how AWS bears its calls.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) busy: Busy,
    known: Publication,
}

impl Published {
    /// The ticket that is stored, and how long ago that was known.
    pub(super) fn ticket(&self, now: Moment) -> Option<(&Ticket, Duration)> {
        self.known.ticket(now)
    }

    /// Names this node, which is promoted next.
    pub(super) fn name(&mut self, node: &str) {
        self.known.name(node);
    }

    /// Names nobody any more but this one, if it is named.
    pub(super) fn keep_named(&mut self, node: Option<&str>) {
        self.known.keep_named(node);
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
        let node = &memory.node;
        let seen = Snapshot {
            epoch: swarm.epoch.or(node.epoch()),
            ..snapshot(context, node, NO_RECORDS, nodes)
        };
        let kms_key = context.identity.kms_key.as_deref();
        let read = node.ticket_read().and_then(Series::answer);
        let Some(publish) = self.known.next(&seen, swarm, kms_key, read)? else {
            return Ok(());
        };
        let edges = &context.edges;
        self.busy.held(edges.now())?;
        let store = Store {
            parameters: edges.store.clone(),
            names: context.names.clone(),
        };
        let putting = context.lanes.ticket.ask(store.put(publish));
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
        if let Some(read) = put.read {
            memory.node.learn(Event::Ticket(Ok(read.clone())), now);
            self.known.read(read, now);
        }
        self.busy.note(&put.done, now);
        let silent = matches!(put.done, Err(StepError::Cloud(CloudError::Failed { .. })));
        self.known.answered(!silent);
        if let Some(ticket) = put.done? {
            info!(epoch = ticket.epoch.number(), managers = ?ticket.managers, "ticket published");
            self.known.written(ticket, now);
        }
        Ok(())
    }
}
