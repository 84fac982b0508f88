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
mod proxies;
mod refusal;
mod roots;
mod services;
mod settings;
mod tries;
mod ways;
mod words;
mod zones;

pub use aws::{Access, Aws};
pub use caller::wrong_by;
pub use calls::{CALLS, Call, Calls, ClockOffset, Counts};
pub use denial::Denial;
pub use error::CloudError;
pub use proxies::{Exceptions, Proxies, Proxy};
pub use roots::authorities;
pub use settings::{ClientSettings, Endpoints};
pub use ways::Way;
