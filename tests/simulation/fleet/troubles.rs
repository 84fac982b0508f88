//! What goes wrong while somebody leaves or comes.

use tokio::task::spawn_local;
use tracing::info;

use super::faults::{Fault, leaders, one_of};
use crate::node;
use crate::world::World;
use crate::world::aws::{Trouble, Weather};
use crate::world::groups::Stage;
use crate::world::machine::MachineId;

/// What kills no machine, and how often it comes, relative to the others.
const TROUBLES: [(Fault, usize); 3] = [(leader_dies, 10), (departing_dies, 14), (aws_fails, 8)];

/// One of those.
pub(super) fn trouble(world: &World) {
    one_of(world, &TROUBLES);
}

/// Its agent, at one of its next calls.
pub(super) fn leader_dies(world: &World) {
    for id in leaders(world) {
        die_soon(world, id);
    }
}

/// One that leaves or comes.
fn departing_dies(world: &World) {
    let chosen = world.with(|state| {
        let mut able = state.living();
        let settled = |id| state.stage(id) == Some(Stage::InService) && !state.departs(id);
        able.retain(|&id| !settled(id));
        state.random.one(&able)
    });
    if let Some(id) = chosen {
        die_soon(world, id);
    }
}

fn die_soon(world: &World, id: MachineId) {
    world.with(|state| {
        let calls = state.random.below(20);
        let calls = u32::try_from(calls).unwrap_or_default();
        state.machines[id].dies_in.set(Some(calls));
    });
}

fn aws_fails(world: &World) {
    world.with(|state| {
        let kinds = [Trouble::GroupsDown, Trouble::EC2Down];
        let Some(kind) = state.random.one(&kinds) else {
            return;
        };
        let until = state.soon(5_000, 300_000);
        info!(?kind, ?until, "world: trouble at AWS");
        state.aws.change_weather(Weather { kind, until });
    });
}

/// The machine of the leader ends while somebody leaves.
pub(super) fn leader_ends(world: &World) {
    let leaving = world.with(|state| state.living().iter().any(|&id| state.departs(id)));
    for id in leaders(world).into_iter().filter(|_| leaving) {
        world.with(|state| state.count("leaders that ended meanwhile"));
        spawn_local(node::replace(world.clone(), id));
    }
}
