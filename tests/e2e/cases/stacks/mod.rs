//! What runs on the swarm: stacks, registries, the example of the documentation.

pub(super) mod changes;
pub(super) mod leaders;
mod page;
pub(super) mod registry;
pub(super) mod seen;
pub(super) mod three_tiers;
