//! The two calls about the unlock key, which the client library does not have.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::connection::READ_LIMIT;
use super::raw::{send, sort};
use crate::EngineError;

/// Unlocking starts the manager, which takes 2 to 12 s, and then waits for a leader without end.
const UNLOCK_LIMIT: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "UnlockKey")]
    key: SecretString,
}

/// The key now in force; `None` where managers do not lock.
pub(super) async fn key(socket: &Path) -> Result<Option<SecretString>, EngineError> {
    let response = send(
        socket,
        Method::GET,
        "swarm/unlockkey",
        READ_LIMIT,
        String::new(),
    )
    .await?;
    let body = response.bytes().await.map_err(|e| sort(e, READ_LIMIT))?;
    // The parser's own message could quote the key.
    let unreadable = |_| EngineError::Down("its unlock key cannot be read".into());
    let answer: Answer = serde_json::from_slice(&body).map_err(unreadable)?;
    Ok(Some(answer.key).filter(|key| !key.expose_secret().is_empty()))
}

/// Unlocks the raft store with the key.
pub(super) async fn unlock(socket: &Path, key: &SecretString) -> Result<(), EngineError> {
    let body = serde_json::json!({"UnlockKey": key.expose_secret()}).to_string();
    let response = send(socket, Method::POST, "swarm/unlock", UNLOCK_LIMIT, body);
    response.await.map(|_| ())
}

#[cfg(test)]
#[path = "unlock_tests.rs"]
mod tests;
