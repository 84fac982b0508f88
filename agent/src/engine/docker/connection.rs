//! The connection to the engine, and how long a call may take.

use std::time::Duration;

use tokio::time::timeout;

use super::{Docker, error::sort};
use crate::engine::EngineError;

/// A manager in the middle of an election blocks for 20 s.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(25);
/// Longer than any call's own limit.
pub(super) const CLIENT_LIMIT: Duration = Duration::from_secs(150);

impl Docker {
    /// A connection whose API version both sides know.
    pub(super) async fn client(&self) -> Result<bollard::Docker, EngineError> {
        let mut held = self.connection.lock().await;
        if let Some(client) = held.as_ref() {
            return Ok(client.clone());
        }
        let socket = self.socket.to_string_lossy();
        let seconds = CLIENT_LIMIT.as_secs();
        let client =
            bollard::Docker::connect_with_unix(&socket, seconds, bollard::API_DEFAULT_VERSION);
        let client = within(READ_LIMIT, client.map_err(sort)?.negotiate_version()).await?;
        *held = Some(client.clone());
        Ok(client)
    }

    /// One call within its time. A connection that failed is made anew, since the engine
    /// behind it may be another version after an upgrade.
    pub(super) async fn call<T, F, Fut>(&self, limit: Duration, call: F) -> Result<T, EngineError>
    where
        F: FnOnce(bollard::Docker) -> Fut,
        Fut: Future<Output = Result<T, bollard::errors::Error>>,
    {
        let client = self.client().await?;
        let result = within(limit, call(client)).await;
        if matches!(result, Err(EngineError::Down(_))) {
            self.disconnect().await;
        }
        result
    }

    /// Forgets the connection.
    pub(super) async fn disconnect(&self) {
        *self.connection.lock().await = None;
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    match timeout(limit, call).await {
        Ok(result) => result.map_err(sort),
        Err(_) => Err(EngineError::Slow(limit)),
    }
}
