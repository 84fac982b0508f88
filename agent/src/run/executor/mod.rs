//! What is done outside of this process: each function is one step's calls, with all that they need, and gives what came of
//! them. None of them knows the node, so that none can decide.

pub(super) mod departure;
pub(super) mod ec2;
pub(super) mod engine;
pub(super) mod group;
pub(super) mod groups;
pub(super) mod key;
pub(super) mod look;
pub(super) mod managers;
pub(super) mod records;
pub(super) mod registers;
pub(super) mod ticket;
