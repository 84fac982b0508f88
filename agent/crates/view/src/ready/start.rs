//! `swarmlet ready`: from the agent's word to a listener.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

use super::serve::serve;
use super::word::{Word, WordError};

/// Why health checks are not answered.
#[derive(Debug, Error)]
pub enum ReadyError {
    /// Where to listen is not known.
    #[error(transparent)]
    Word(#[from] WordError),
    /// The address is taken, or not this host's.
    #[error("cannot listen at {address}: {cause}; ready.listen sets another address")]
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

/// Answers health checks from this file of the agent's, where it says, until the process is told to end.
pub async fn start(file: &Path) -> Result<(), ReadyError> {
    let address = Word::read(file)?.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|cause| ReadyError::Listen { address, cause })?;
    let mut end = signal(SignalKind::terminate()).map_err(ReadyError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ReadyError::Signals)?;
    tracing::info!(%address, "health checks are answered at http://{address}/ready");
    select! {
        () = serve(listener, file.to_owned()) => {}
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
