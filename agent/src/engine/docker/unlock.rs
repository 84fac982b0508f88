//! The two calls about the unlock key, which the client library does not have.
//!
//! The key passes through here and nowhere else: no error and no log has any part of it.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::connection::READ_LIMIT;
use super::error::{chain, one_line};
use crate::engine::EngineError;

/// Unlocking starts the manager, which takes 2 to 12 s, and then waits for a leader without end.
const UNLOCK_LIMIT: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "UnlockKey")]
    key: SecretString,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// The key now in force; `None` where managers do not lock.
pub(super) async fn key(socket: &Path) -> Result<Option<SecretString>, EngineError> {
    let response = send(socket, Method::GET, "unlockkey", READ_LIMIT, String::new()).await?;
    let body = response.bytes().await.map_err(|e| sort(e, READ_LIMIT))?;
    // The parser's own message could quote the key.
    let unreadable = |_| EngineError::Down("its unlock key cannot be read".into());
    let answer: Answer = serde_json::from_slice(&body).map_err(unreadable)?;
    Ok(Some(answer.key).filter(|key| !key.expose_secret().is_empty()))
}

/// Unlocks the raft store with the key.
pub(super) async fn unlock(socket: &Path, key: &SecretString) -> Result<(), EngineError> {
    let body = serde_json::json!({"UnlockKey": key.expose_secret()}).to_string();
    let response = send(socket, Method::POST, "unlock", UNLOCK_LIMIT, body);
    response.await.map(|_| ())
}

/// Without a version in the path the engine takes its own.
async fn send(
    socket: &Path,
    method: Method,
    call: &str,
    limit: Duration,
    body: String,
) -> Result<Response, EngineError> {
    let client = Client::builder().unix_socket(socket).timeout(limit).build();
    let request = client
        .map_err(|error| sort(error, limit))?
        .request(method, format!("http://docker/swarm/{call}"))
        .header("content-type", "application/json")
        .body(body);
    let response = request.send().await.map_err(|error| sort(error, limit))?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(refusal(response).await)
}

async fn refusal(response: Response) -> EngineError {
    let code = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_default();
    let told = serde_json::from_slice::<Refusal>(&body);
    let message = match told {
        Ok(refusal) => one_line(&refusal.message),
        Err(_) => format!("the Docker Engine answered with status {code}"),
    };
    EngineError::Refused { code, message }
}

fn sort(error: reqwest::Error, limit: Duration) -> EngineError {
    if error.is_timeout() {
        return EngineError::Slow(limit);
    }
    EngineError::Down(chain(&error.without_url()))
}

#[cfg(test)]
#[path = "unlock_tests.rs"]
mod tests;
