//! The key of an encrypted raft store, in Parameter Store.

use secrecy::{ExposeSecret, SecretString};
use tracing::info;

use crate::run::error::StepError;
use aws::CloudError;
use aws::parameter_store::ParameterStore;
use docker::{Engine, EngineError};
use protocol::node::Event;
use protocol::{Answer, Trouble};

/// A key, and whether it is stored.
pub(in crate::run) type Kept = (SecretString, Result<(), StepError>);

/// Unlocks the engine with the stored key. Trouble is an answer here, as with the ticket. Without a key only a person can
/// go on.
pub(in crate::run) async fn unlock(
    store: &impl ParameterStore,
    engine: &impl Engine,
    name: &str,
) -> Event<'static> {
    let unlocked = unlocked(store, engine, name).await;
    if unlocked.is_ok() {
        info!("engine unlocked");
    }
    Event::Unlocked(unlocked)
}

async fn unlocked(store: &impl ParameterStore, engine: &impl Engine, name: &str) -> Answer<()> {
    let Some(key) = store.read(name).await? else {
        return Err(Trouble::Failed(format!(
            "there is no parameter {name} with the key"
        )));
    };
    match engine.unlock(&key).await {
        // Unlocked, and waiting for a leader: its next state tells.
        Ok(()) | Err(EngineError::Slow(_)) => Ok(()),
        Err(error) => Err(Trouble::Failed(error.to_string())),
    }
}

/// Stores a key, where it is not stored yet or `moves` to another KMS key.
pub(in crate::run) async fn keep(
    store: impl ParameterStore,
    name: String,
    key: SecretString,
    moves: bool,
) -> Kept {
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

/// Whether the key that is known is this one.
pub(in crate::run) fn is(known: Option<&SecretString>, key: &SecretString) -> bool {
    known.is_some_and(|known| known.expose_secret() == key.expose_secret())
}
