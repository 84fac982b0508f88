//! The protocol, pure: facts in, one decision out. No clock, no I/O.

mod role;

pub use role::{Role, UnknownRole};
