//! The key of an encrypted raft store, where only managers may read it.

use secrecy::{ExposeSecret, SecretString};
use tracing::info;

use crate::run::busy::Busy;
use crate::run::{Agent, Outside, StepError};
use aws::CloudError;
use aws::parameter_store::ParameterStore;
use docker::Engine;
use protocol::Swarm;

/// The key as stored, as far as this leader knows.
#[derive(Debug, Default)]
pub(super) struct Published {
    key: Option<SecretString>,
    pub(super) busy: Busy,
}

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
        if is(self.chores.key.key.as_ref(), &key) {
            return Ok(());
        }
        self.chores.key.busy.held(self.edges.now())?;
        let done = self.store_key(&key).await;
        self.chores.key.busy.note(&done, self.edges.now());
        done?;
        self.chores.key.key = Some(key);
        Ok(())
    }

    async fn store_key(&self, key: &SecretString) -> Result<(), StepError> {
        let name = self.names.unlock_key();
        if !self.is_stored(&name, key).await? {
            self.edges.store.put_secret(&name, key).await?;
            info!("unlock key published");
        }
        Ok(())
    }

    /// Parameter Store does not tell under which KMS key a value is. Where one is named, each leader writes under it once
    /// after its start: it may have been named since.
    async fn is_stored(&self, name: &str, key: &SecretString) -> Result<bool, StepError> {
        if self.identity.kms_key.is_some() {
            return Ok(false);
        }
        match self.edges.store.read(name).await {
            // Nobody can read it any more, and here it is.
            Err(CloudError::KeyUnusable { .. }) => Ok(false),
            stored => Ok(is(stored?.as_ref(), key)),
        }
    }
}

fn is(known: Option<&SecretString>, key: &SecretString) -> bool {
    known.is_some_and(|known| known.expose_secret() == key.expose_secret())
}
