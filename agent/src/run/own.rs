//! The memory of the instance that a verb runs on.

use thiserror::Error;

use crate::config::Settings;
use aws::imds::{Imds, Metadata, MetadataError};
use host::state_folder::StateFolder;

/// Why it is not known which instance this is.
#[derive(Debug, Error)]
pub enum OwnError {
    /// Metadata does not tell.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Metadata has no instance id.
    #[error("cannot tell which instance this is: metadata has no instance id")]
    NoInstance,
}

/// For this very instance: a copy of its disk does not inherit what is left in it.
pub(super) async fn memory(settings: &Settings) -> Result<StateFolder, OwnError> {
    let metadata = &settings.metadata;
    let imds = Imds::new(metadata.base(), metadata.request_timeout, metadata.budget);
    let id = imds.get("meta-data/instance-id").await?;
    let id = id.ok_or(OwnError::NoInstance)?;
    Ok(StateFolder::new(&settings.state_dir, id.trim()))
}
