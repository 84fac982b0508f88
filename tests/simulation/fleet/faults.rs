//! Who comes and goes.

use protocol::Role;
use protocol::departure::Request;
use tokio::task::spawn_local;
use tracing::info;

use super::groups;
use crate::world::groups::{GroupId, Stage};
use crate::world::machine::MachineId;
use crate::world::{State, World};

/// The groups of this world.
pub(super) const MANAGERS: GroupId = 0;
pub(super) const WORKERS: GroupId = 1;

/// Brings one about.
pub(super) type Fault = fn(&World);

/// What makes somebody leave, stay or come, and how often, relative to the others.
const DEPARTURES: [(Fault, usize); 10] = [
    (scale_workers, 14),
    (scale_managers, 4),
    (end_a_member, 12),
    (take_back_by_spot, 12),
    (retire, 8),
    (drain, 10),
    (take_out, 5),
    (withdraw, 16),
    (refresh, 6),
    (leader_departs, 8),
];

/// One of those.
pub(super) fn depart(world: &World) {
    one_of(world, &DEPARTURES);
}

/// One of them, by weight.
pub(super) fn one_of(world: &World, kinds: &[(Fault, usize)]) {
    let all: usize = kinds.iter().map(|(_, weight)| weight).sum();
    let mut lot = world.with(|state| state.random.below(all));
    for (fault, weight) in kinds {
        if lot < *weight {
            return fault(world);
        }
        lot -= weight;
    }
}

/// Somebody who may depart. Where raft is to have no reason but departures to lose its majority, one of its
/// members does not.
fn candidate(state: &mut State, role: Option<Role>) -> Option<MachineId> {
    let mut able = state.living();
    able.retain(|&id| state.stage(id) == Some(Stage::InService) && !state.departs(id));
    able.retain(|&id| role.is_none_or(|role| state.machines[id].role == role));
    able.retain(|&id| may_depart(state, id));
    state.random.one(&able)
}

/// Another member of raft stays. Who is yet to be one, or has yet to boot, may be the only one that could take over.
fn may_depart(state: &State, id: MachineId) -> bool {
    // One whose host is to be retired at some later time goes too.
    let retires = |other: MachineId| state.machines[other].notice.retires.is_some();
    let stays = |&other: &MachineId| other != id && !state.departs(other) && !retires(other);
    let others = |swarm| state.raft_alive(swarm).iter().filter(|m| stays(m)).count();
    let counts = state.machines[id].role == Role::Manager;
    let led = (0..state.swarms.len()).filter(|&swarm| counts && state.leads(swarm));
    let mut swarms = state.manages(id).into_iter().chain(led);
    !state.only_departures || swarms.all(|swarm| others(swarm) > 0)
}

fn any(world: &World) -> Option<MachineId> {
    world.with(|state| {
        let manager = state.random.permille(400);
        candidate(state, manager.then_some(Role::Manager))
    })
}

pub(super) fn scale_workers(world: &World) {
    world.with(|state| {
        state.groups[WORKERS].desired = state.random.below(9);
        info!(workers = state.groups[WORKERS].desired, "world: scaled");
    });
}

/// By one at a time, and back to an odd number at the end.
pub(super) fn scale_managers(world: &World) {
    world.with(|state| {
        let now = state.groups[MANAGERS].desired;
        let more = now < 3 || (now < 5 && state.random.permille(500));
        state.groups[MANAGERS].desired = if more { now + 1 } else { now - 1 };
        info!(managers = state.groups[MANAGERS].desired, "world: scaled");
    });
}

fn end_a_member(world: &World) {
    if let Some(id) = any(world) {
        info!(machine = id, "world: its group is to replace it");
        world.with(|state| state.scale_in(id));
    }
}

fn take_back_by_spot(world: &World) {
    let several = world.with(|state| state.random.below(3));
    for _ in 0..=several {
        if let Some(id) = any(world) {
            info!(machine = id, "world: spot takes it back in two minutes");
            world.with(|state| state.warn_of_spot(id));
        }
    }
}

/// Not where an operator has said that AWS's advice does not count.
fn retire(world: &World) {
    let advised = |&id: &MachineId| world.on(id, |machine| !machine.notice.overruled);
    if let Some(id) = any(world).filter(advised) {
        info!(machine = id, "world: its host is to be retired");
        world.with(|state| {
            let at = state.soon(240_000, 900_000);
            state.warn_of_retirement(id, at);
        });
    }
}

fn drain(world: &World) {
    if let Some(id) = any(world) {
        info!(machine = id, "world: an operator drains it");
        world.with(|state| state.ask(id, &Request::Drain));
    }
}

fn take_out(world: &World) {
    if let Some(id) = any(world) {
        info!(machine = id, "world: an operator takes it out");
        world.with(|state| state.ask(id, &Request::Leave));
    }
}

/// What can be taken back is: an operator's word, or a retirement.
fn withdraw(world: &World) {
    let chosen = world.with(|state| {
        let mut able = state.living();
        able.retain(|&id| can_stay(state, id));
        state.random.one(&able)
    });
    if let Some(id) = chosen {
        stay(world, id);
    }
}

fn can_stay(state: &State, id: MachineId) -> bool {
    let notice = state.machines[id].notice;
    notice.drained || notice.taken_out || notice.retires.is_some()
}

fn stay(world: &World, id: MachineId) {
    info!(machine = id, "world: it stays after all");
    world.with(|state| {
        let notice = state.machines[id].notice;
        let boot = format!("{:?}", state.machines[id].booted);
        state.machines[id].notice.retires = None;
        if notice.drained || notice.taken_out {
            state.ask(id, &Request::Activate { boot });
        }
        state.count("taken back");
    });
}

/// All that can be.
pub(super) fn withdraw_all(world: &World) {
    let mut able = world.with(|state| state.living());
    able.retain(|&id| world.with(|state| can_stay(state, id)));
    for id in able {
        stay(world, id);
    }
}

fn refresh(world: &World) {
    let managers = world.with(|state| state.random.permille(400));
    let group = if managers { MANAGERS } else { WORKERS };
    spawn_local(groups::refresh(world.clone(), group));
}

/// Members of groups that lead.
pub(super) fn leaders(world: &World) -> Vec<MachineId> {
    world.with(|state| {
        let mut leaders = state.leaders();
        leaders.retain(|&id| state.stage(id) == Some(Stage::InService));
        leaders
    })
}

fn leader_departs(world: &World) {
    for id in leaders(world) {
        world.with(|state| {
            if !may_depart(state, id) || state.departs(id) {
                return;
            }
            info!(machine = id, "world: the leader is to leave");
            state.count("leaders that left");
            match state.random.below(3) {
                0 => state.scale_in(id),
                1 => state.warn_of_spot(id),
                _ => state.ask(id, &Request::Leave),
            }
        });
    }
}
