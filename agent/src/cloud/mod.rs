//! AWS as the agent sees it, behind small traits.

mod aws;
mod calls;
mod credentials;
pub mod depot;
mod error;
pub mod fleet;
pub mod groups;
mod http;
pub mod imds;
pub mod lifecycle;
mod namesakes;
mod no_credentials;
pub mod parameter_store;
mod refusal;
mod roots;
mod signed;
mod tries;

pub use aws::{Access, Aws};
pub use calls::CALLS;
pub use error::CloudError;
