//! The key of an encrypted raft store, where only managers may read it.

use secrecy::{ExposeSecret, SecretString};
use tracing::info;

use crate::cloud::parameter_store::ParameterStore;
use crate::engine::{Engine, Swarm};
use crate::run::{Agent, Outside, StepError};

/// The key as stored, as far as this leader knows.
#[derive(Debug, Default)]
pub(super) struct Published(Option<SecretString>);

impl<O: Outside> Agent<O> {
    /// Stores the key when it differs from what is stored, while the swarm is one that locks.
    pub(super) async fn publish_key(&mut self, swarm: &Swarm) -> Result<(), StepError> {
        if !swarm.autolock {
            self.chores.key = Published::default();
            return Ok(());
        }
        let Some(key) = self.edges.engine.unlock_key().await? else {
            return Ok(());
        };
        if is(self.chores.key.0.as_ref(), &key) {
            return Ok(());
        }
        let name = self.names.unlock_key();
        let stored = self.edges.store.read(&name).await?;
        if !is(stored.as_ref(), &key) {
            self.edges.store.put_secret(&name, &key).await?;
            info!("unlock key published");
        }
        self.chores.key = Published(Some(key));
        Ok(())
    }
}

fn is(known: Option<&SecretString>, key: &SecretString) -> bool {
    known.is_some_and(|known| known.expose_secret() == key.expose_secret())
}
