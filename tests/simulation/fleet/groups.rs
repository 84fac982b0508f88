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
    if world.with(|state| state.unhooked) {
        replace_protected(&world, group, old).await;
    } else {
        for id in old {
            if !replace(&world, group, id).await {
                break;
            }
            world.pause(5_000, 60_000).await;
        }
    }
    world.with(|state| {
        state.groups[group].refreshes = false;
        state.groups[group].surge = 0;
    });
}

/// One that is protected is waited for, with the new one in service.
async fn replace_protected(world: &World, group: GroupId, old: Vec<MachineId>) {
    let left = |state: &State| -> Vec<MachineId> {
        let mut left = old.clone();
        left.retain(|&id| state.stage(id) == Some(Stage::InService));
        left
    };
    while world.with(|state| state.groups[group].refreshes && !left(state).is_empty()) {
        if !is_larger(world, group).await {
            return;
        }
        let free = |state: &State| -> Vec<MachineId> {
            let mut free = left(state);
            free.retain(|&id| state.may_be_chosen(id));
            free
        };
        until(world, |state| {
            !free(state).is_empty() || left(state).is_empty() || !state.groups[group].refreshes
        })
        .await;
        world.with(|state| {
            state.groups[group].surge = 0;
            let free = free(state);
            if let Some(id) = state.random.one(&free) {
                state.count("managers that a refresh replaced");
                state.choose(id);
            }
        });
        world.pause(5_000, 60_000).await;
    }
}

/// Whether it came to that.
async fn replace(world: &World, group: GroupId, id: MachineId) -> bool {
    let complete = is_larger(world, group).await;
    world.with(|state| {
        state.groups[group].surge = 0;
        if complete && state.stage(id) == Some(Stage::InService) {
            state.scale_in(id);
        }
    });
    complete && until(world, |state| state.stage(id).is_none()).await
}

/// Has the group launch one more; whether that came into service.
async fn is_larger(world: &World, group: GroupId) -> bool {
    world.with(|state| state.groups[group].surge = 1);
    let complete = until(world, |state| {
        let staying = state.staying(group);
        let settled = |&id: &MachineId| state.stage(id) == Some(Stage::InService);
        let wanted = state.groups[group].desired + 1;
        staying.iter().filter(|id| settled(id)).count() >= wanted || !state.groups[group].refreshes
    });
    complete.await && world.with(|state| state.groups[group].refreshes)
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
