//! What runs on the swarm: stacks, registries, the example of the documentation.

pub(super) mod changes;
pub(super) mod held_up;
pub(super) mod kept;
pub(super) mod leaders;
mod page;
pub(super) mod refused;
pub(super) mod registry;
pub(super) mod seen;
pub(super) mod silent;
pub(super) mod three_tiers;
