//! The call that checks a password at a registry, which the client library does not have.

use std::time::Duration;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Docker;
use super::raw;
use crate::EngineError;

/// The engine asks the registry, which may be slow or out of reach.
const LIMIT: Duration = Duration::from_secs(10);

impl Docker {
    /// Has the engine log in at a registry (`POST /auth`); it keeps nothing of it.
    pub(crate) async fn login(
        &self,
        server: &str,
        user: &str,
        password: &SecretString,
    ) -> Result<(), EngineError> {
        let body = json!({
            "username": user,
            "password": password.expose_secret(),
            "serveraddress": server,
        });
        let sent = raw::send(&self.socket, Method::POST, "auth", LIMIT, body.to_string());
        sent.await.map(|_| ())
    }
}
