//! What others learn of this node: systemd, the journal.

pub mod boot;
pub mod engine_trouble;
pub(crate) mod facts;
pub mod failure;
pub mod groups;
pub mod journal;
pub mod launch;
pub mod metrics;
pub mod note;
pub mod notify;
pub mod stacks;
pub mod status;
pub mod story;
