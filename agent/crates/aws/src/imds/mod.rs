//! Instance metadata (IMDSv2): a question for each datum. Its paths and texts are known here only.

mod client;
#[cfg(test)]
mod contract;
mod document;
mod notices;
mod tags;

use std::time::Duration;

use thiserror::Error;

pub use client::Imds;
pub use document::{Document, FactError, document, instance_id, launch_index, region, vpc_blocks};
pub use notices::{NoticeError, Unreadable, maintenance, rebalance, spot, target};
pub use tags::{Tags, shows_tags, tags};

/// Why the metadata service gave no answer.
#[derive(Debug, Clone, Eq, PartialEq, Error)]
pub enum MetadataError {
    /// The service is switched off for this instance.
    #[error(
        "cannot read instance metadata: {0} refuses access (403); set \"Metadata accessible\" to enabled \
         (HttpEndpoint=enabled) in the launch template's metadata options"
    )]
    Refused(String),
    /// It did not answer within the budget.
    #[error(
        "cannot read {path} from instance metadata at {base}: no answer in {waited:.1?}: {cause}"
    )]
    Unanswered {
        /// What was asked for.
        path: String,
        /// Of whom.
        base: String,
        /// For how long.
        waited: Duration,
        /// What the last attempt met.
        cause: String,
    },
    /// It answered with something that no metadata service says.
    #[error("cannot read {path} from instance metadata at {base}: {cause}")]
    Unexpected {
        /// What was asked for.
        path: String,
        /// Of whom.
        base: String,
        /// What came.
        cause: String,
    },
}

/// The instance metadata service as the agent needs it.
pub trait Metadata {
    /// The text under `/latest/<path>`; `None` where the service says 404.
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError>;
}
