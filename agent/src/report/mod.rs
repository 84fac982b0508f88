//! What others learn of this node: systemd, the journal.

pub mod notify;
