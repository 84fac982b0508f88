//! What others learn of this node: systemd, the journal.

pub(crate) mod facts;
pub mod journal;
pub mod notify;
pub mod stacks;
pub mod status;
