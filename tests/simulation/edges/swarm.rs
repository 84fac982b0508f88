//! Calls that change an engine's part in a swarm, with the times and answers of real engines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use protocol::{Availability, JoinToken, Role};
use secrecy::ExposeSecret;
use swarmlet::engine::{DRAINED_LABEL, EngineError, InitRequest, NodeChange};
use tokio::sync::OwnedMutexGuard;

use super::Edge;
use super::engine::{led, refused, up};
use crate::world::elections::View;
use crate::world::engine::Phase;
use crate::world::mischief::Mischief;
use crate::world::swarm::{Status, SwarmId};
use crate::world::{State, World};

/// The engine's word that a call came to the wrong moment of its life.
fn ended() -> EngineError {
    EngineError::Down("the connection was closed".into())
}

/// Waits for the calls before this one; then the engine's life, which must be the same when the
/// call is done.
async fn turn(world: &World, id: usize) -> Result<(OwnedMutexGuard<()>, u32), EngineError> {
    up(world, id).await?;
    let turn = world.on(id, |machine| machine.engine.turn.clone());
    let guard = turn.lock_owned().await;
    Ok((guard, world.on(id, |machine| machine.engine.life)))
}

fn same_life(state: &State, id: usize, life: u32) -> Result<(), EngineError> {
    let machine = &state.machines[id];
    let same = machine.engine.life == life && state.runs(id);
    if same { Ok(()) } else { Err(ended()) }
}

fn outside(state: &State, id: usize) -> Result<(), EngineError> {
    let engine = &state.machines[id].engine;
    if engine.place.is_none() && engine.phase == Phase::Inactive {
        return Ok(());
    }
    Err(refused(503, "This node is already part of a swarm."))
}

pub(super) async fn init(edge: Edge, request: InitRequest) -> Result<(), EngineError> {
    let (world, id) = (edge.world, edge.id);
    let (_turn, life) = turn(&world, id).await?;
    world.with(|state| outside(state, id))?;
    world.pause(150, 620).await;
    world.with(|state| {
        same_life(state, id, life)?;
        state.init_swarm(id, &request);
        tracing::info!(machine = id, "world: swarm created");
        Ok(())
    })
}

/// What a join at an address comes to.
enum Joining {
    Taken(SwarmId),
    /// After ten seconds, and nothing is left of it.
    Refused(u16, &'static str),
    /// After twenty seconds, and it goes on in the background.
    Unanswered,
}

pub(super) async fn join(
    edge: Edge,
    manager: SocketAddr,
    token: JoinToken,
    availability: Availability,
) -> Result<(), EngineError> {
    let (world, id) = (edge.world, edge.id);
    world.with(|state| state.check_join(id));
    let availability = match world.with(|state| state.plays(Mischief::NodesJoinActive)) {
        true => Availability::Active,
        false => availability,
    };
    let (_turn, life) = turn(&world, id).await?;
    world.with(|state| outside(state, id))?;
    let IpAddr::V4(at) = manager.ip() else {
        return Err(refused(400, "invalid address"));
    };
    match world.with(|state| dial(state, id, at, token.secret().expose_secret())) {
        Joining::Taken(swarm) => taken(&world, id, life, swarm, availability).await,
        Joining::Refused(code, why) => {
            world.pause(10_000, 10_100).await;
            Err(refused(code, why))
        }
        Joining::Unanswered => {
            world.with(|state| {
                let until = state.soon(25_000, 26_000);
                state.machines[id].engine.phase = Phase::Joining { at, until };
            });
            world.pause(20_000, 20_100).await;
            Err(refused(503, "Timeout was reached before node joined."))
        }
    }
}

fn dial(state: &State, id: usize, at: Ipv4Addr, token: &str) -> Joining {
    let there = state.machine_at(at).filter(|&m| state.reaches(id, m));
    let Some(manager) = there else {
        return Joining::Unanswered;
    };
    let place = state.machines[manager].engine.place.as_ref();
    let (Some(place), Some(view), true) = (place, state.view(manager), state.runs(manager)) else {
        return Joining::Refused(503, "connection refused");
    };
    let swarm = &state.swarms[place.swarm];
    match view {
        _ if !token.contains(&swarm.ca_digest) => {
            Joining::Refused(500, "remote CA does not match fingerprint.")
        }
        View::Led { certain: true, .. } if token == swarm.worker_token() => {
            Joining::Taken(place.swarm)
        }
        View::Led { certain: true, .. } => {
            Joining::Refused(400, "A valid join token is necessary to join this cluster")
        }
        View::Led { .. } | View::Electing(_) => Joining::Unanswered,
        View::Leaderless => Joining::Refused(500, "The swarm does not have a leader."),
    }
}

async fn taken(
    world: &World,
    id: usize,
    life: u32,
    swarm: SwarmId,
    availability: Availability,
) -> Result<(), EngineError> {
    // Seen on an old engine after many nodes had left: the answer is late, the join is not.
    let late = world.with(|state| !state.aws.calm && state.random.permille(10));
    world.pause(50, 140).await;
    if late {
        world.pause(20_000, 20_100).await;
    }
    world.with(|state| {
        same_life(state, id, life)?;
        if !state.leads(swarm) {
            return Err(refused(503, "Timeout was reached before node joined."));
        }
        state.admit(id, swarm, availability);
        tracing::info!(machine = id, swarm, "world: joined");
        if late {
            return Err(refused(503, "Timeout was reached before node joined."));
        }
        Ok(())
    })
}

pub(super) async fn leave(edge: Edge) -> Result<(), EngineError> {
    let (world, id) = (edge.world, edge.id);
    let (_turn, life) = turn(&world, id).await?;
    let engine = world.on(id, |m| (m.engine.place.is_some(), m.engine.phase.clone()));
    if engine == (false, Phase::Inactive) {
        return Err(refused(503, "This node is not part of a swarm"));
    }
    let acts = world.with(|state| state.check_leave(id));
    world.pause(700, 3_400).await;
    world.with(|state| {
        same_life(state, id, life)?;
        if acts {
            state.check_act(id, "leaves");
        }
        tracing::info!(machine = id, "world: left");
        let place = state.machines[id].engine.place.clone();
        state.leave_swarm(id);
        if state.plays(Mischief::LeaveIsUndone) && state.leaves(id) {
            state.machines[id].engine.place = place;
            state.machines[id].engine.phase = Phase::Active;
        }
        Ok(())
    })
}

pub(super) async fn force(edge: Edge) -> Result<(), EngineError> {
    let (world, id) = (edge.world, edge.id);
    let (_turn, life) = turn(&world, id).await?;
    let place = world.on(id, |machine| machine.engine.place.clone());
    let place = place.filter(|place| place.manager);
    let place = place.ok_or_else(|| refused(503, "This node is not a swarm manager."))?;
    world.with(|state| state.check_force(id, place.swarm));
    let slow = world.with(|state| state.random.permille(100));
    world.pause(500, if slow { 38_000 } else { 1_200 }).await;
    world.with(|state| {
        same_life(state, id, life)?;
        tracing::info!(machine = id, "world: new cluster forced");
        state.force_new_cluster(id, place.swarm, &place.node);
        Ok(())
    })
}

/// A write to raft: one that the leader does not get is not done.
pub(super) async fn change(
    edge: Edge,
    work: impl FnOnce(&mut State, SwarmId) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let (world, id) = (edge.world, edge.id);
    world.on(id, |machine| machine.calls.changes += 1);
    let (swarm, certain) = led(&world, id).await?;
    world.pause(3, 10).await;
    let certain = certain && world.with(|state| state.leads(swarm));
    if !certain {
        world.pause(20_000, 20_100).await;
        return Err(refused(500, "context deadline exceeded"));
    }
    if world.with(|state| !state.aws.calm && state.random.permille(10)) {
        return Err(refused(500, "update out of sequence"));
    }
    world.with(|state| {
        work(state, swarm)?;
        state.tell_managers(swarm);
        Ok(())
    })
}

pub(super) fn update(
    state: &mut State,
    id: SwarmId,
    node: &str,
    change: &NodeChange,
) -> Result<(), EngineError> {
    state.check_drain(id, node, change);
    if let Some(role) = change.role {
        if role == Role::Worker && state.plays(Mischief::DemotionIsLost) {
            return Ok(());
        }
        set_role(state, id, node, role)?;
    }
    let undone = change
        .labels
        .get(DRAINED_LABEL)
        .is_some_and(Option::is_none);
    if undone && state.plays(Mischief::DrainStays) {
        return Ok(());
    }
    let entry = state.swarms[id].entry_mut(node);
    let entry = entry.ok_or_else(|| refused(404, "no such node"))?;
    entry.availability = change.availability.unwrap_or(entry.availability);
    for (key, value) in &change.labels {
        match value {
            Some(value) => entry.labels.insert(key.clone(), value.clone()),
            None => entry.labels.remove(key),
        };
    }
    Ok(())
}

fn set_role(state: &mut State, id: SwarmId, node: &str, role: Role) -> Result<(), EngineError> {
    let reachable = state.raft_alive(id).len();
    let swarm = &mut state.swarms[id];
    let entry = swarm
        .entry(node)
        .ok_or_else(|| refused(404, "no such node"))?;
    let machine = entry.machine;
    if role == Role::Worker && swarm.raft.iter().any(|member| member == node) {
        let alive = state.raft_alive(id).contains(&machine);
        let swarm = &mut state.swarms[id];
        let left = reachable - usize::from(alive);
        if left < (swarm.raft.len() - 1) / 2 + 1 {
            return Err(refused(400, "this would result in a loss of quorum"));
        }
        swarm.raft.retain(|member| member != node);
    }
    if let Some(entry) = state.swarms[id].entry_mut(node) {
        entry.role = role;
        entry.turning = None;
    }
    tracing::info!(swarm = id, node, %role, "world: role set");
    Ok(())
}

/// The engine refuses to remove raft's members only: managers that a forced cluster has left behind
/// it removes at once.
pub(super) fn remove(state: &mut State, id: SwarmId, node: &str) -> Result<(), EngineError> {
    let swarm = &mut state.swarms[id];
    let in_raft = swarm.raft.iter().any(|member| member == node);
    match swarm.entry(node) {
        None => return Ok(()),
        Some(_) if in_raft => {
            return Err(refused(400, "It must be demoted to worker before removal"));
        }
        Some(entry) if entry.status == Status::Ready => {
            return Err(refused(400, "is not down and can't be removed"));
        }
        Some(_) => {}
    }
    swarm.entries.retain(|entry| entry.node != node);
    tracing::info!(swarm = id, node, "world: node removed");
    Ok(())
}
