//! What the leader decides for all nodes: a file a chore.

pub mod admission;
pub mod claims;
pub mod draining;
pub mod labelling;
mod plan;
pub mod promotion;
pub mod protection;
pub mod publishing;
pub mod reaping;
mod records;
pub mod rotation;
mod snapshot;

pub use plan::{Change, Plan, Purpose};
pub use records::{NO_RECORDS, Records};
pub use snapshot::{NO_TASKS, Snapshot};

/// A fifth: so many of the nodes, at least one, are drained, or taken off the list on EC2's word alone, at a time.
pub const SHARE: usize = 5;
