//! Where the numbers can be fetched: a socket that only root opens, and where asked for a port that
//! only this host reaches.

use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::{Metrics, SOCKET};
use crate::serve::{Listener, accept};

/// What the text is (<https://prometheus.io/docs/specs/om/open_metrics_spec>).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why the numbers cannot be fetched somewhere.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Another agent answers there.
    #[error("cannot listen on {}: another agent runs on this host", .0.display())]
    Taken(PathBuf),
    /// The socket.
    #[error("cannot listen on {}: {cause}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The port.
    #[error("cannot listen on {address} (metrics.listen): {cause}")]
    Port {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
}

/// Answers for as long as it lives.
#[derive(Debug)]
pub struct Server(Vec<JoinHandle<()>>);

impl Server {
    /// Begins to answer on the socket in `runtime_dir`, and on `port` if there is one.
    pub async fn start(
        metrics: &Metrics,
        runtime_dir: &Path,
        port: Option<SocketAddr>,
    ) -> (Self, Vec<ServeError>) {
        let mut server = Self(Vec::new());
        let mut errors = Vec::new();
        match socket(&runtime_dir.join(SOCKET)).await {
            Ok(listener) => server.add(listener, metrics),
            Err(error) => errors.push(error),
        }
        if let Some(address) = port {
            match TcpListener::bind(address).await {
                Ok(listener) => server.add(listener, metrics),
                Err(cause) => errors.push(ServeError::Port { address, cause }),
            }
        }
        (server, errors)
    }

    fn add(&mut self, listener: impl Listener, metrics: &Metrics) {
        self.0.push(tokio::spawn(accept(listener, routes(metrics))));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

fn routes(metrics: &Metrics) -> Router {
    let metrics = metrics.clone();
    let answer = move || async move { ([(CONTENT_TYPE, OPEN_METRICS)], metrics.text()) };
    Router::new().route("/metrics", get(answer))
}

/// A socket that an agent before has left behind is taken away; one that answers is not.
async fn socket(path: &Path) -> Result<UnixListener, ServeError> {
    if UnixStream::connect(path).await.is_ok() {
        return Err(ServeError::Taken(path.to_owned()));
    }
    let listen = || {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(listener)
    };
    listen().map_err(|cause| ServeError::Socket {
        path: path.to_owned(),
        cause,
    })
}
