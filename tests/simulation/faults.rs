//! What goes wrong, at random.

use protocol::Role;
use tokio::task::spawn_local;
use tracing::info;

use crate::node;
use crate::world::aws::{Trouble, Weather};
use crate::world::machine::MachineId;
use crate::world::swarm::Status;
use crate::world::{Cut, World};

type Fault = fn(&World);

/// A kind of fault and how often it comes, relative to the others.
const KINDS: [(Fault, usize); 13] = [
    (crash, 10),
    (die_at_a_call, 14),
    (restart_engine, 10),
    (hang_engine, 3),
    (reboot, 8),
    (terminate, 10),
    (terminate_some_managers, 5),
    (terminate_all_managers, 2),
    (reboot_managers, 2),
    (cut_off, 10),
    (trouble_at_aws, 12),
    (rotate_token, 3),
    (remove_by_hand, 6),
];

/// Brings about one fault.
pub(crate) fn happen(world: &World) {
    let all: usize = KINDS.iter().map(|(_, weight)| weight).sum();
    let mut lot = world.with(|state| state.random.below(all));
    for (fault, weight) in KINDS {
        if lot < weight {
            return fault(world);
        }
        lot -= weight;
    }
}

fn machines(world: &World, role: Option<Role>) -> Vec<MachineId> {
    world.with(|state| {
        let living = state.living().into_iter();
        living
            .filter(|&id| role.is_none_or(|role| state.machines[id].role == role))
            .collect()
    })
}

fn any(world: &World, role: Option<Role>) -> Option<MachineId> {
    let all = machines(world, role);
    world.with(|state| state.random.one(&all))
}

/// Managers are where it matters: they are hit as often as all the others together.
fn victim(world: &World) -> Option<MachineId> {
    let manager = world.with(|state| state.random.permille(500));
    any(world, manager.then_some(Role::Manager))
}

/// Several of them, at least one.
fn some(world: &World, mut from: Vec<MachineId>) -> Vec<MachineId> {
    let count = 1 + world.with(|state| state.random.below(from.len()));
    let mut chosen = Vec::new();
    while chosen.len() < count && !from.is_empty() {
        let index = world.with(|state| state.random.below(from.len()));
        chosen.push(from.swap_remove(index));
    }
    chosen
}

fn crash(world: &World) {
    if let Some(id) = victim(world) {
        node::crash(world, id);
    }
}

fn die_at_a_call(world: &World) {
    if let Some(id) = victim(world) {
        let calls = world.with(|state| state.random.below(20));
        let calls = u32::try_from(calls).unwrap_or_default();
        world.on(id, |machine| machine.dies_in.set(Some(calls)));
    }
}

fn restart_engine(world: &World) {
    if let Some(id) = victim(world) {
        spawn_local(node::restart_engine(world.clone(), id));
    }
}

fn hang_engine(world: &World) {
    if let Some(id) = victim(world) {
        info!(machine = id, "world: engine hangs");
        world.on(id, |machine| machine.engine.hangs = true);
    }
}

fn reboot(world: &World) {
    if let Some(id) = victim(world) {
        spawn_local(node::reboot(world.clone(), id));
    }
}

fn reboot_managers(world: &World) {
    for id in machines(world, Some(Role::Manager)) {
        spawn_local(node::reboot(world.clone(), id));
    }
}

fn terminate(world: &World) {
    if let Some(id) = victim(world) {
        spawn_local(node::replace(world.clone(), id));
    }
}

fn terminate_some_managers(world: &World) {
    for id in some(world, machines(world, Some(Role::Manager))) {
        spawn_local(node::replace(world.clone(), id));
    }
}

fn terminate_all_managers(world: &World) {
    for id in machines(world, Some(Role::Manager)) {
        spawn_local(node::replace(world.clone(), id));
    }
}

/// One node or a group of them, for ten seconds to ten minutes, from AWS as well or not.
fn cut_off(world: &World) {
    let everyone = machines(world, None);
    let several = world.with(|state| state.random.permille(400));
    let inside = if several {
        some(world, everyone)
    } else {
        victim(world).into_iter().collect()
    };
    world.with(|state| {
        let until = state.soon(10_000, 600_000);
        let from_aws = state.random.permille(300);
        info!(?inside, from_aws, ?until, "world: cut off");
        state.network.cut(Cut {
            inside: inside.into_iter().collect(),
            until,
            from_aws,
        });
    });
}

fn trouble_at_aws(world: &World) {
    let kinds = [
        Trouble::Throttled,
        Trouble::StoreDown,
        Trouble::Denied,
        Trouble::EC2Down,
    ];
    world.with(|state| {
        let Some(kind) = state.random.one(&kinds) else {
            return;
        };
        let until = state.soon(5_000, 300_000);
        info!(?kind, ?until, "world: trouble at AWS");
        state.aws.change_weather(Weather { kind, until });
    });
}

fn rotate_token(world: &World) {
    world.with(|state| {
        for swarm in 0..state.swarms.len() {
            if state.leads(swarm) {
                info!(swarm, "world: token rotated by hand");
                state.swarms[swarm].token += 1;
            }
        }
    });
}

/// `docker node rm --force` of a worker, or `docker swarm leave` on it.
fn remove_by_hand(world: &World) {
    let Some(id) = any(world, None) else {
        return;
    };
    world.with(|state| {
        let engine = &state.machines[id].engine;
        let (Some(swarm), Some(place)) = (engine.link, engine.place.clone()) else {
            return;
        };
        let ready = state.swarms[swarm].entry(&place.node);
        if place.manager
            || ready.is_none_or(|e| e.status != Status::Ready || e.role == Role::Manager)
        {
            return;
        }
        if state.random.permille(500) {
            info!(machine = id, "world: removed by hand");
            state.swarms[swarm].entries.retain(|e| e.node != place.node);
        } else {
            info!(machine = id, "world: leaves by hand");
            state.leave_swarm(id);
        }
    });
}
