//! How a client error becomes one of the agent's.

use std::time::Duration;

use bollard::errors::Error;

use crate::EngineError;
use crate::sentences::is_of_versions;

/// Longer than any call's own limit.
pub(super) const CLIENT_LIMIT: Duration = Duration::from_secs(150);

/// Answers are refusals; everything else means that the API could not be spoken to.
pub(super) fn sort(error: Error) -> EngineError {
    match error {
        Error::DockerResponseServerError {
            status_code: 400,
            message,
        } if is_of_versions(&message) => EngineError::Unspoken(one_line(&message)),
        Error::DockerResponseServerError {
            status_code,
            message,
        } => EngineError::Refused {
            code: status_code,
            message: one_line(&message),
        },
        Error::RequestTimeoutError => EngineError::Slow(CLIENT_LIMIT),
        other => EngineError::Down(chain(&other)),
    }
}

/// Docker's messages end in a line break, which `STATUS=` cannot carry.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
