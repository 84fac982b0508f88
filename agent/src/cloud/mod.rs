//! AWS as the agent sees it, behind small traits.

mod error;
pub mod fleet;
pub mod imds;

pub use error::CloudError;
