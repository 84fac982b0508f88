//! An operator's consent to a recovery.

use thiserror::Error;

use super::own::{self, OwnError};
use crate::config::Settings;
use host::state_folder::StateError;

/// Why consent could not be noted.
#[derive(Debug, Error)]
pub enum ConsentError {
    /// It is not known which instance this is.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// The state folder.
    #[error(transparent)]
    Memory(#[from] StateError),
}

/// Notes the consent.
pub async fn consent(settings: &Settings) -> Result<(), ConsentError> {
    Ok(own::memory(settings).await?.consent()?)
}
