//! AWS as the agent sees it, behind small traits.

#[cfg(test)]
mod answering;
mod aws;
mod calls;
mod connections;
mod credentials;
pub mod depot;
mod error;
pub mod fleet;
pub mod groups;
pub mod imds;
pub mod lifecycle;
mod namesakes;
mod no_credentials;
pub mod parameter_store;
mod refusal;
mod roots;
mod services;
mod tries;
mod ways;

pub use aws::{Access, Aws};
pub use calls::CALLS;
pub use error::CloudError;
pub(crate) use roots::authorities;
pub use ways::Way;
