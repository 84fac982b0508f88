//! Instance metadata (IMDSv2).

use thiserror::Error;

/// Why the metadata service gave no answer.
#[derive(Debug, Clone, Eq, PartialEq, Error)]
#[error("{0}")]
pub struct MetadataError(pub String);

/// The instance metadata service as the agent needs it.
pub trait Metadata {
    /// The text under `/latest/<path>`; `None` where the service says 404.
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError>;
}
