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
        let lanes = self.lanes.clone();
        if !lanes.key.is_free() {
            return Err(StepError::NotYet(None));
        }
        self.chores.was_late("unlock-key")?;
        let Some(key) = self.edges.engine.unlock_key().await? else {
            return Ok(());
        };
        if is(self.chores.key.key.as_ref(), &key) {
            return Ok(());
        }
        self.chores.key.busy.held(self.edges.now())?;
        let (store, name) = (self.edges.store.clone(), self.names.unlock_key());
        // Parameter Store does not tell under which KMS key a value is. Where one is named, each leader writes under it once
        // after its start: it may have been named since.
        let moves = self.identity.kms_key.is_some();
        let keeping = lanes.key.ask(keep(store, name, key, moves));
        let kept = keeping.await.ok_or(StepError::NotYet(None))?;
        self.hear_key(kept)
    }

    /// Folds in what Parameter Store has answered.
    pub(in crate::run) fn hear_key(&mut self, (key, done): Kept) -> Result<(), StepError> {
        self.chores.key.busy.note(&done, self.edges.now());
        done?;
        self.chores.key.key = Some(key);
        Ok(())
    }
}

/// A key, and whether it is stored.
pub(in crate::run) type Kept = (SecretString, Result<(), StepError>);

async fn keep(store: impl ParameterStore, name: String, key: SecretString, moves: bool) -> Kept {
    let done = put(&store, &name, &key, moves).await;
    (key, done)
}

async fn put(
    store: &impl ParameterStore,
    name: &str,
    key: &SecretString,
    moves: bool,
) -> Result<(), StepError> {
    if moves || !is_stored(store, name, key).await? {
        store.put_secret(name, key).await?;
        info!("unlock key published");
    }
    Ok(())
}

async fn is_stored(
    store: &impl ParameterStore,
    name: &str,
    key: &SecretString,
) -> Result<bool, StepError> {
    match store.read(name).await {
        // Nobody can read it any more, and here it is.
        Err(CloudError::KeyUnusable { .. }) => Ok(false),
        stored => Ok(is(stored?.as_ref(), key)),
    }
}

fn is(known: Option<&SecretString>, key: &SecretString) -> bool {
    known.is_some_and(|known| known.expose_secret() == key.expose_secret())
}
