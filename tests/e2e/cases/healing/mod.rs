//! What breaks heals by itself, on real engines. Each case prints the time from the fault until all
//! was well again, and holds it against limits.
//!
//! A clock that is wrong is only played here. Machines of the lab share the host's kernel, a time namespace
//! does not cover the wall clock, and a preloaded library does not reach an engine written in Go. Virtual machines have
//! clocks of their own: `vm/clocks.rs`.

pub(super) mod boot;
pub(super) mod claims;
pub(super) mod clock;
pub(super) mod crashes;
pub(super) mod cut_off;
pub(super) mod majority;
pub(super) mod managers;
pub(super) mod outage;
pub(super) mod raft_log;
pub(in crate::cases) mod removed;
pub(super) mod restarted;
pub(in crate::cases) mod seen;
pub(super) mod service;
pub(super) mod strangers;
pub(super) mod tickets;
