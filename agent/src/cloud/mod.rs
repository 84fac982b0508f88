//! AWS as the agent sees it, behind small traits.

#[cfg(test)]
mod answering;
mod aws;
mod caller;
mod calls;
mod codes;
mod connections;
mod credentials;
mod denial;
pub mod depot;
mod describe;
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
mod words;

pub use aws::{Access, Aws};
pub use caller::wrong_by;
pub use calls::CALLS;
pub use denial::Denial;
pub use error::CloudError;
pub(crate) use roots::authorities;
pub use ways::Way;
