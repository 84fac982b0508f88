//! What others learn of this node: systemd, the journal.

pub(crate) mod facts;
pub mod failure;
pub mod journal;
pub mod metrics;
pub mod notify;
pub mod stacks;
pub mod status;
pub mod story;
