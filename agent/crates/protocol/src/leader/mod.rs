//! What the leader decides for all nodes: a file a chore.

pub mod draining;
pub mod labelling;
pub mod promotion;
pub mod protection;
pub mod reaping;
pub mod rotation;
mod snapshot;

pub use snapshot::{NO_TASKS, Snapshot};
