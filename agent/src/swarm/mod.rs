//! The protocol, pure: facts in, one decision out. No clock, no I/O.

mod cluster_name;
mod role;

pub use cluster_name::{ClusterName, InvalidClusterName};
pub use role::{Role, UnknownRole};
