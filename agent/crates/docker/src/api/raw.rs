//! Calls that the client library does not have, or not with all that they can say: the unlock key,
//! and a join with an availability.
//!
//! Tokens and keys pass through here and nowhere else: no error and no log has any part of them.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde::Deserialize;

use super::error::{chain, one_line};
use crate::EngineError;

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// Sends one request. Without a version in the path the engine takes its own newest: what is sent here is either of a
/// form that has not changed, or an object that goes back as the engine gave it, with all that the agent does not know.
pub(super) async fn send(
    socket: &Path,
    method: Method,
    call: &str,
    limit: Duration,
    body: String,
) -> Result<Response, EngineError> {
    let client = Client::builder().unix_socket(socket).timeout(limit).build();
    let request = client
        .map_err(|error| sort(error, limit))?
        .request(method, format!("http://docker/{call}"))
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

pub(super) fn sort(error: reqwest::Error, limit: Duration) -> EngineError {
    if error.is_timeout() {
        return EngineError::Slow(limit);
    }
    EngineError::Down(chain(&error.without_url()))
}
