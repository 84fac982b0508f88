//! HTTP on this host: what its listeners share. They only tell; nobody changes anything by them.

mod connections;
mod credentials;
mod gate;
pub mod own;

pub use connections::{Listener, accept};
pub use credentials::{Credentials, CredentialsError};
pub use gate::Gate;
