//! What others learn of this node: systemd, the journal.

pub mod journal;
pub mod notify;
