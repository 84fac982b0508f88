//! AWS as the agent sees it, behind small traits.

mod aws;
mod calls;
mod credentials;
pub mod depot;
mod error;
pub mod fleet;
pub mod imds;
pub mod lifecycle;
pub mod parameter_store;
mod refusal;
mod signed;
mod tries;

pub use aws::Aws;
pub use calls::CALLS;
pub use error::CloudError;
