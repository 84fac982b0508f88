//! An operator's consent to a recovery.

use thiserror::Error;

use super::{Memory, MemoryError};
use crate::cloud::imds::{Imds, Metadata, MetadataError};
use crate::config::Settings;

/// Why consent could not be noted.
#[derive(Debug, Error)]
pub enum ConsentError {
    /// Metadata does not tell which instance this is.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Metadata has no instance id.
    #[error("cannot tell which instance this is: metadata has no instance id")]
    NoInstance,
    /// The state folder.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Notes the consent for this very instance: a copy of its disk does not inherit it.
pub async fn consent(settings: &Settings) -> Result<(), ConsentError> {
    let metadata = &settings.metadata;
    let imds = Imds::new(metadata.base(), metadata.request_timeout, metadata.budget);
    let id = imds.get("meta-data/instance-id").await?;
    let id = id.ok_or(ConsentError::NoInstance)?;
    Ok(Memory::new(&settings.state_dir, id.trim()).consent()?)
}
