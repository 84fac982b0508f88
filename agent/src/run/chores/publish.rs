//! The ticket, always that of the swarm as it is.

use std::time::Duration;

use secrecy::SecretString;
use tracing::{info, warn};

use crate::run::busy::Busy;
use crate::run::{Agent, Outside, StepError};
use aws::CloudError;
use aws::parameter_store::ParameterStore;
use protocol::node::Event;
use protocol::{Epoch, JoinToken, Moment, Outcome, Series, Stamp, Ticket, TicketError};
use protocol::{NodeEntry, Swarm};

/// The stored ticket is looked at this often, in case somebody else wrote it.
const VERIFY: Duration = Duration::from_mins(1);

/// The ticket as stored, as far as this leader knows.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) busy: Busy,
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
        let Some(ticket) = self.current(nodes, swarm)? else {
            return Ok(());
        };
        self.chores.published.busy.held(self.edges.now())?;
        let done = self.publish_it(ticket).await;
        self.chores.published.busy.note(&done, self.edges.now());
        done
    }

    async fn publish_it(&mut self, ticket: Ticket) -> Result<(), StepError> {
        let stored = self.stored(&ticket).await?;
        match stored {
            Some(stored) if stored.epoch > ticket.epoch => {
                return Err(StepError::Superseded(stored.epoch));
            }
            Some(stored) if stored.says_the_same(&ticket) => return Ok(()),
            _ => {}
        }
        self.edges
            .store
            .put_secret(&self.names.ticket(), &ticket.to_value())
            .await?;
        info!(epoch = ticket.epoch.number(), managers = ?ticket.managers, "ticket published");
        let now = self.edges.now();
        self.chores.published.stored = Some((Some(ticket), now.stamp()));
        Ok(())
    }

    /// The ticket of the swarm as it is now; `None` before its epoch is known.
    fn current(&self, nodes: &[NodeEntry], swarm: &Swarm) -> Result<Option<Ticket>, StepError> {
        let Some(epoch) = swarm.epoch.or_else(|| self.node.epoch()) else {
            return Ok(None);
        };
        let managers = managers(nodes);
        Ok((!managers.is_empty()).then_some(Ticket {
            epoch,
            swarm_id: swarm.id.clone(),
            token: JoinToken::parse(swarm.worker_token.clone())?,
            managers,
            instances: instances(nodes, epoch),
            kms_key: self.identity.kms_key.clone(),
            issued_by: self.identity.instance_id.clone(),
            issued_at: self.edges.now().unix,
        }))
    }

    /// What is stored: as known within the last minute, or else as read now. What is read is
    /// learnt for the next decision too: a later epoch's ticket ends this swarm's chores.
    async fn stored(&mut self, own: &Ticket) -> Result<Option<Ticket>, StepError> {
        let now = self.edges.now();
        if let Some((ticket, at)) = &self.chores.published.stored
            && at.age(now) < VERIFY
        {
            return Ok(ticket.clone());
        }
        // The first manager has just read that there is none: its claim followed from it.
        let known = self.node.ticket_read().and_then(Series::answer);
        if let (None, Some(ticket)) = (&self.chores.published.stored, known) {
            let ticket = ticket.clone();
            self.chores.published.stored = Some((ticket.clone(), now.stamp()));
            return Ok(ticket);
        }
        let value = match self.edges.store.read(&self.names.ticket()).await {
            Err(error @ CloudError::KeyUnusable { .. }) => self.replaceable(own, error).await?,
            value => value?,
        };
        // What cannot be read is replaced, unless a newer agent wrote it.
        let ticket = match value.as_ref().map(Ticket::parse).transpose() {
            Ok(ticket) => ticket,
            Err(error @ TicketError::Version(_)) => return Err(error.into()),
            Err(_) => None,
        };
        let now = self.edges.now();
        self.node.learn(Event::Ticket(Ok(ticket.clone())), now);
        self.chores.published.stored = Some((ticket.clone(), now.stamp()));
        Ok(ticket)
    }

    /// Nobody can read what is stored any more: its key is disabled or gone. It may be a later epoch's, so it is written
    /// anew only where the registers say that this swarm is the cluster's.
    async fn replaceable(
        &self,
        own: &Ticket,
        error: CloudError,
    ) -> Result<Option<SecretString>, StepError> {
        let registers = self.stored_registers(own.epoch).await;
        let formed = |outcome: &Outcome| matches!(outcome, Outcome::Formed { swarm_id, .. } if *swarm_id == own.swarm_id);
        let is_ours =
            registers.is_ok_and(|registers| registers.outcome.as_ref().is_some_and(formed));
        if !is_ours {
            return Err(error.into());
        }
        let mut later = own.epoch.next();
        loop {
            let Ok(registers) = self.stored_registers(later).await else {
                return Err(error.into());
            };
            match registers.outcome {
                Some(Outcome::Formed { .. }) => return Err(StepError::Superseded(later)),
                Some(Outcome::PassedOver { .. }) => later = later.next(),
                None => break,
            }
        }
        warn!(%error, "nobody can read the stored ticket: writing it anew");
        Ok(None)
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
fn instances(nodes: &[NodeEntry], epoch: Epoch) -> Vec<String> {
    let managers = nodes.iter().filter(|node| node.counts(Some(epoch)));
    let mut ids: Vec<_> = managers
        .filter_map(|node| node.instance_id.clone())
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
