//! Calls that change an engine's part in a swarm, with the times and answers of real engines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use docker::{EngineError, InitRequest};
use protocol::{Availability, JoinToken};
use secrecy::ExposeSecret;
use tokio::sync::OwnedMutexGuard;

use super::Edge;
use super::engine::{refused, up};
use crate::world::elections::View;
use crate::world::engine::Phase;
use crate::world::mischief::Mischief;
use crate::world::swarm::SwarmId;
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
        state.note_departure(id);
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
