//! The connection to the engine, and how long a call may take.

use std::time::Duration;

use bollard::{BollardRequest, ClientVersion};
use http::Uri;
use reqwest::Method;
use tokio::time::timeout;

use super::{
    Docker,
    error::{CLIENT_LIMIT, sort},
    raw,
};
use crate::EngineError;

/// A manager in the middle of an election blocks for 20 s.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(25);

impl Docker {
    /// A connection whose API version both sides know.
    pub(super) async fn client(&self) -> Result<bollard::Docker, EngineError> {
        let mut held = self.connection.lock().await;
        if let Some(client) = held.as_ref() {
            return Ok(client.clone());
        }
        let version = self.version().await?;
        let socket = self.socket.to_string_lossy();
        let client = bollard::Docker::connect_with_unix(&socket, CLIENT_LIMIT.as_secs(), &version);
        let path = format!("/v{version}");
        let client = client
            .map_err(sort)?
            .with_request_modifier(move |request| versioned(request, &path));
        *held = Some(client.clone());
        Ok(client)
    }

    /// The newest API version that both sides know. By a header of any answer (moby
    /// `api/server/middleware/version.go`): for `GET /version`, which the client library would ask, the
    /// engine starts runc and docker-init to ask for theirs.
    async fn version(&self) -> Result<ClientVersion, EngineError> {
        let ping = raw::send(
            &self.socket,
            Method::GET,
            "_ping",
            READ_LIMIT,
            String::new(),
        )
        .await?;
        let told = ping.headers().get("api-version");
        let newest = told
            .and_then(|version| parse(version.to_str().ok()?))
            .ok_or_else(|| EngineError::Down("it does not tell its API version".into()))?;
        let known = *bollard::API_DEFAULT_VERSION;
        Ok(if newest < known { newest } else { known })
    }

    /// One call within its time. A connection that failed is made anew, and one whose version the engine
    /// refuses: the engine behind it may be another after an upgrade, and a unit of systemd keeps its socket meanwhile.
    pub(super) async fn call<T, F, Fut>(&self, limit: Duration, call: F) -> Result<T, EngineError>
    where
        F: FnOnce(bollard::Docker) -> Fut,
        Fut: Future<Output = Result<T, bollard::errors::Error>>,
    {
        let client = self.client().await?;
        let result = within(limit, call(client)).await;
        if let Err(EngineError::Down(_) | EngineError::Unspoken(_)) = result {
            self.disconnect().await;
        }
        result
    }

    /// Forgets the connection.
    pub(super) async fn disconnect(&self) {
        *self.connection.lock().await = None;
    }
}

/// The same request for one version of the API. The client library means to say it in each request's path, but
/// joins the path to an address in which it replaces the version (bollard 0.21.1, `uri.rs`): the engine then
/// answers in its own newest version, which the library may not know.
fn versioned(mut request: BollardRequest, path: &str) -> BollardRequest {
    let mut parts = request.uri().clone().into_parts();
    let asked = parts
        .path_and_query
        .as_ref()
        .map_or("/", |asked| asked.as_str());
    if asked.starts_with(path) {
        return request;
    }
    parts.path_and_query = format!("{path}{asked}").parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// `1.45`
fn parse(version: &str) -> Option<ClientVersion> {
    let (major, minor) = version.split_once('.')?;
    Some(ClientVersion {
        major_version: major.parse().ok()?,
        minor_version: minor.parse().ok()?,
    })
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

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
