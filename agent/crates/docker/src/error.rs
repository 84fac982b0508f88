//! Why the engine did not do what it was asked.

use std::time::Duration;

use thiserror::Error;

/// Why the engine did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum EngineError {
    /// Its API does not answer.
    #[error("cannot reach the Docker Engine: {0}")]
    Down(String),
    /// It did not answer in time. It may still be at it.
    #[error("the Docker Engine gave no answer in {} s", .0.as_secs())]
    Slow(Duration),
    /// It refused; Docker's own words.
    #[error("{message}")]
    Refused {
        /// HTTP status code; Docker overloads it, so the message decides.
        code: u16,
        /// The message.
        message: String,
    },
    /// The two have no version of the API in common; Docker's own words.
    #[error("cannot speak to the Docker Engine: {0}; install a newer swarmlet")]
    Unspoken(String),
    /// It says that it is in no swarm, while one is on its disk.
    #[error(
        "cannot use the Docker Engine: its swarm is on its disk, but not loaded before it starts again"
    )]
    Unloaded,
    /// The request for its restart could not be left.
    #[error("cannot ask for a restart of the Docker Engine: {0}")]
    Unasked(String),
    /// The request for the label of a departure could not be left.
    #[error("cannot announce the departure: {0}")]
    Unannounced(String),
    /// Forcing a new cluster would have done harm, and nothing was done.
    #[error("cannot force a new cluster: {0}")]
    Unforced(String),
}
