//! The key of an encrypted raft store, where only managers may read it.

use secrecy::SecretString;

use crate::run::busy::Busy;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::key::{self, Kept};
use docker::Engine;
use protocol::Moment;

/// The key as stored, as far as this leader knows.
#[derive(Debug, Default)]
pub(super) struct Published {
    key: Option<SecretString>,
    pub(super) busy: Busy,
}

impl Published {
    /// Stores the key when it differs from what is stored.
    pub(super) async fn publish<O: Outside>(
        &mut self,
        context: &Context<O>,
    ) -> Result<(), StepError> {
        if !context.lanes.key.is_free() {
            return Err(StepError::NotYet(None));
        }
        let edges = &context.edges;
        let Some(key) = edges.engine.unlock_key().await? else {
            return Ok(());
        };
        if key::is(self.key.as_ref(), &key) {
            return Ok(());
        }
        self.busy.held(edges.now())?;
        let (store, name) = (edges.store.clone(), context.names.unlock_key());
        // Parameter Store does not tell under which KMS key a value is. Where one is named, each leader writes under it once
        // after its start: it may have been named since.
        let moves = context.identity.kms_key.is_some();
        let keeping = context.lanes.key.ask(key::keep(store, name, key, moves));
        let kept = keeping.await.ok_or(StepError::NotYet(None))?;
        self.hear(kept, edges.now())
    }

    /// Folds in what Parameter Store has answered.
    pub(super) fn hear(&mut self, (key, done): Kept, now: Moment) -> Result<(), StepError> {
        self.busy.note(&done, now);
        done?;
        self.key = Some(key);
        Ok(())
    }
}
