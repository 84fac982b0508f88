//! The ticket in Parameter Store.

use secrecy::SecretString;
use tracing::warn;

use super::registers::stored_outcome;
use crate::run::error::StepError;
use crate::run::names::Names;
use aws::CloudError;
use aws::parameter_store::ParameterStore;
use protocol::leader::publishing::{Publish, Stored, Unpublishable, is_newest};
use protocol::{Answer, Outcome, Ticket, TicketError, Trouble};

/// As it is stored. Trouble is an answer here: the decision waits it out and says what it is.
pub(in crate::run) async fn read(
    store: &impl ParameterStore,
    names: &Names,
) -> Answer<Option<Ticket>> {
    let value = store.read(&names.ticket()).await?;
    let ticket = value.map(|value| Ticket::parse(&value)).transpose();
    ticket.map_err(|error| Trouble::Failed(error.to_string()))
}

/// Where a leader writes it, beside the rounds.
pub(in crate::run) struct Store<S> {
    pub(in crate::run) parameters: S,
    pub(in crate::run) names: Names,
}

/// What came of it.
pub(in crate::run) struct Put {
    /// The ticket that was there, where it was read.
    pub(in crate::run) read: Option<Stored>,
    /// The ticket that was written, if it had to be.
    pub(in crate::run) done: Result<Option<Ticket>, StepError>,
}

impl<S: ParameterStore> Store<S> {
    /// Writes the ticket where what is stored differs: as it is known, or else as it is read now.
    pub(in crate::run) async fn put(self, Publish { ticket, known }: Publish) -> Put {
        if let Some(known) = known {
            let done = self.write(ticket, &known).await;
            return Put { read: None, done };
        }
        match self.read(&ticket).await {
            Ok(read) => {
                let done = self.write(ticket, &read).await;
                let read = Some(read);
                Put { read, done }
            }
            Err(error) => {
                let (read, done) = (None, Err(error));
                Put { read, done }
            }
        }
    }

    async fn write(&self, ticket: Ticket, known: &Stored) -> Result<Option<Ticket>, StepError> {
        if is_newest(known.as_ref(), &ticket)? {
            return Ok(None);
        }
        let (name, value) = (self.names.ticket(), ticket.to_value());
        self.parameters.put_secret(&name, &value).await?;
        Ok(Some(ticket))
    }

    async fn read(&self, own: &Ticket) -> Result<Stored, StepError> {
        let value = match self.parameters.read(&self.names.ticket()).await {
            Err(error @ CloudError::KeyUnusable { .. }) => self.replaceable(own, error).await?,
            value => value?,
        };
        // What cannot be read is replaced, unless a newer agent wrote it.
        match value.as_ref().map(Ticket::parse).transpose() {
            Ok(ticket) => Ok(ticket),
            Err(error @ TicketError::Version(_)) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    /// Nobody can read what is stored any more: its key is disabled or gone. It may be a later epoch's, so it is written
    /// anew only where the registers say that this swarm is the cluster's.
    async fn replaceable(
        &self,
        own: &Ticket,
        error: CloudError,
    ) -> Result<Option<SecretString>, StepError> {
        let outcome = stored_outcome(&self.parameters, &self.names, own.epoch).await;
        let formed = |outcome: &Outcome| matches!(outcome, Outcome::Formed { swarm_id, .. } if *swarm_id == own.swarm_id);
        if !outcome.is_ok_and(|outcome| outcome.as_ref().is_some_and(formed)) {
            return Err(error.into());
        }
        let mut later = own.epoch.next();
        loop {
            let Ok(outcome) = stored_outcome(&self.parameters, &self.names, later).await else {
                return Err(error.into());
            };
            match outcome {
                Some(Outcome::Formed { .. }) => return Err(Unpublishable::Superseded(later).into()),
                Some(Outcome::PassedOver { .. }) => later = later.next(),
                None => break,
            }
        }
        warn!(%error, "nobody can read the stored ticket: writing it anew");
        Ok(None)
    }
}
