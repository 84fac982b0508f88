//! What the leader's agent does for all: one file a chore, each with what it remembers. `leader` does one after the other.
//!
//! A stale leader's writes into the swarm cannot commit, and what it publishes is looked
//! at again within a minute by the one that follows it.

mod admission;
mod applier;
mod drain;
mod instances;
mod label;
mod leader;
mod lock;
mod nodes;
mod outcomes;
mod promote;
mod protect;
mod publish;
mod reap;
mod records;
mod rotate;
mod snapshot;

pub(super) use leader::Leader;
pub(super) use rotate::draw_tokens;
