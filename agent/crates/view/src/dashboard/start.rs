//! `swarmlet dashboard`: from settings to a listener.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

use super::feed::Feed;
use super::routes::router;
use super::source::{Source, Swarm};
use crate::serve::{Credentials, CredentialsError, Gate, accept};

/// Why there is no dashboard.
#[derive(Debug, Error)]
pub enum DashboardError {
    /// Others could read it without a word.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The address is taken, or not this host's.
    #[error("cannot listen at {address}: {cause}; dashboard.listen sets another address")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// Signals cannot be waited for.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

impl DashboardError {
    /// Whether a person has to change something first.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Credentials(_))
    }
}

/// Where the dashboard listens, and who may see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listen {
    /// Where.
    pub address: SocketAddr,
    /// The file with what a browser must know; nothing if not set, which only loopback allows.
    pub credentials: Option<PathBuf>,
    /// Names that it may be asked by, beside `localhost` and addresses.
    pub hosts: Vec<String>,
}

/// Serves the dashboard until the process is told to end. It shows the swarm of the engine at this API socket,
/// with what its agent says in its runtime folder.
pub async fn start(
    listen: &Listen,
    socket: &Path,
    runtime_dir: &Path,
) -> Result<(), DashboardError> {
    let gate = gate(listen)?;
    let address = listen.address;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|cause| DashboardError::Listen { address, cause })?;
    let mut end = signal(SignalKind::terminate()).map_err(DashboardError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DashboardError::Signals)?;
    tracing::info!(%address, "the dashboard is at http://{address}/");
    select! {
        () = serve(listener, gate, || Swarm::open(socket, runtime_dir)) => {}
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Serves the dashboard at a listener, for ever. What is looked at is opened for as long as
/// somebody looks.
pub async fn serve<S: Source>(listener: TcpListener, gate: Gate, open: impl Fn() -> S) {
    let feed = Arc::new(Feed::new());
    let router = gate.guard(router(feed.clone()));
    select! {
        () = accept(listener, router) => {}
        () = feed.run(open) => {}
    }
}

fn gate(listen: &Listen) -> Result<Gate, CredentialsError> {
    let credentials = listen.credentials.as_deref().map(Credentials::read);
    Ok(Gate {
        hosts: listen.hosts.clone(),
        credentials: credentials.transpose()?,
    })
}
