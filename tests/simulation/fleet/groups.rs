//! Auto Scaling at work: looks at its groups once a second, and replaces all instances where it is told to.

use std::time::Duration;

use tokio::time::sleep;
use tracing::info;

use crate::node;
use crate::world::groups::{Deed, GroupId, Stage};
use crate::world::machine::MachineId;
use crate::world::{State, World};

const LOOK: Duration = Duration::from_secs(1);
/// A refresh waits so long for a new instance, and for an old one's end, before it gives up.
const PATIENCE: Duration = Duration::from_mins(20);

/// Goes on for ever.
pub(super) async fn run(world: World) {
    loop {
        sleep(LOOK).await;
        for deed in world.with(State::scale) {
            match deed {
                Deed::Launch(group) => {
                    node::launch_into(&world, group);
                }
                Deed::End(id) => {
                    world.with(|state| state.check_end(id));
                    node::end(&world, id);
                }
            }
        }
    }
}

/// An instance refresh: one after the other, the new one first.
pub(super) async fn refresh(world: World, group: GroupId) {
    if world.with(|state| std::mem::replace(&mut state.groups[group].refreshes, true)) {
        return;
    }
    info!(group, "world: instance refresh");
    let old = world.with(|state| state.staying(group));
    for id in old {
        if !replace(&world, group, id).await {
            break;
        }
        world.pause(5_000, 60_000).await;
    }
    world.with(|state| {
        state.groups[group].refreshes = false;
        state.groups[group].surge = 0;
    });
}

/// Whether it came to that.
async fn replace(world: &World, group: GroupId, id: MachineId) -> bool {
    world.with(|state| state.groups[group].surge = 1);
    let complete = until(world, |state| {
        let staying = state.staying(group);
        let settled = |&id: &MachineId| state.stage(id) == Some(Stage::InService);
        let wanted = state.groups[group].desired + 1;
        staying.iter().filter(|id| settled(id)).count() >= wanted || !state.groups[group].refreshes
    });
    let complete = complete.await && world.with(|state| state.groups[group].refreshes);
    world.with(|state| {
        state.groups[group].surge = 0;
        if complete && state.stage(id) == Some(Stage::InService) {
            state.scale_in(id);
        }
    });
    complete && until(world, |state| state.stage(id).is_none()).await
}

async fn until(world: &World, holds: impl Fn(&State) -> bool) -> bool {
    let begun = world.with(|state| state.now);
    while !world.with(|state| holds(state)) {
        sleep(LOOK).await;
        if world.with(|state| state.since(begun)) > PATIENCE {
            return false;
        }
    }
    true
}
