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
use secrecy::SecretString;

use crate::serve::{Credentials, CredentialsError, Gate, accept, own};

/// Its own below the runtime folder, which the unit makes.
const FOLDER: &str = "dashboard";
const SHOWN: &str = "; `swarmlet dashboard --password` shows its password";

/// Why there is no dashboard.
#[derive(Debug, Error)]
pub enum DashboardError {
    /// Others could read it without a word.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The password is a person's own.
    #[error("cannot show a password: it is what was written into {} (dashboard.credentials)", .0.display())]
    Given(PathBuf),
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
        let passing = matches!(self, Self::Credentials(CredentialsError::Unwritten { .. }));
        matches!(self, Self::Credentials(_)) && !passing
    }
}

/// Where the dashboard listens, and who may see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listen {
    /// Where.
    pub address: SocketAddr,
    /// The file with what a browser must know; if not set a password that is made, see [`password`].
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
    let gate = gate(listen, runtime_dir)?;
    let address = listen.address;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|cause| DashboardError::Listen { address, cause })?;
    let mut end = signal(SignalKind::terminate()).map_err(DashboardError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DashboardError::Signals)?;
    let whose = if listen.credentials.is_some() {
        ""
    } else {
        SHOWN
    };
    tracing::info!(%address, "the dashboard is at http://{address}/{whose}");
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

/// The password that a dashboard on this host has made, where a person has set none.
pub fn password(listen: &Listen, runtime_dir: &Path) -> Result<SecretString, DashboardError> {
    match &listen.credentials {
        Some(path) => Err(DashboardError::Given(path.clone())),
        None => Ok(own::password(&runtime_dir.join(FOLDER))?),
    }
}

fn gate(listen: &Listen, runtime_dir: &Path) -> Result<Gate, CredentialsError> {
    let credentials = match &listen.credentials {
        Some(path) => Credentials::read(path)?,
        None => own::settle(&runtime_dir.join(FOLDER))?,
    };
    Ok(Gate {
        hosts: listen.hosts.clone(),
        credentials: Some(credentials),
    })
}
