//! The connection to the engine, and how long a call may take.

use std::time::Duration;

use bollard::ClientVersion;
use reqwest::Method;
use tokio::time::timeout;

use super::{Docker, error::sort, raw};
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
        let version = self.version().await?;
        let socket = self.socket.to_string_lossy();
        let client = bollard::Docker::connect_with_unix(&socket, CLIENT_LIMIT.as_secs(), &version);
        let client = client.map_err(sort)?;
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
mod tests {
    use std::path::Path;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixListener;

    use super::*;

    /// The version that is spoken with an engine that answers with this header.
    async fn spoken(header: &str) -> Result<String, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 2\r\n\r\nOK");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let docker = Docker::new(&socket, Path::new("/nowhere"));
        docker
            .client()
            .await
            .map(|client| client.client_version().to_string())
    }

    #[tokio::test]
    async fn the_newest_version_that_both_know_is_spoken() {
        let own = bollard::API_DEFAULT_VERSION.to_string();
        assert_eq!(spoken("Api-Version: 1.41\r\n").await, Ok("1.41".into()));
        assert_eq!(spoken("Api-Version: 9.1\r\n").await, Ok(own));
    }

    #[tokio::test]
    async fn what_tells_no_version_is_no_engine() {
        for header in ["", "Api-Version: new\r\n"] {
            let error = spoken(header).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot reach the Docker Engine: it does not tell its API version"
            );
        }
    }
}
