//! AWS as the agent sees it, behind small traits.

mod aws;
mod credentials;
pub mod depot;
mod error;
pub mod fleet;
pub mod imds;
pub mod lifecycle;
pub mod parameter_store;
mod refusal;
mod signed;

pub use aws::Aws;
pub use error::CloudError;
