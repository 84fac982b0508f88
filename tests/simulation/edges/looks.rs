//! What an engine says of itself and of the swarm's nodes.

use std::net::SocketAddr;

use protocol::{Control, EngineState, Failure, Identity, Member};
use protocol::{ManagerEntry, NodeEntry, SWARM_PORT};

use crate::world::State;
use crate::world::elections::View;
use crate::world::engine::Phase;
use crate::world::mischief::Mischief;
use crate::world::swarm::{Entry, Status, SwarmId};

/// `GET /info` and the certificates, in the agent's words.
pub(super) fn look(state: &State, id: usize) -> EngineState {
    let engine = &state.machines[id].engine;
    let Some(place) = &engine.place else {
        return match engine.phase {
            Phase::Joining { .. } => EngineState::Pending(Identity::default()),
            Phase::Error => EngineState::Error(Failure {
                said: "dial failed".into(),
                bound: None,
            }),
            _ => EngineState::Inactive,
        };
    };
    let swarm = &state.swarms[place.swarm];
    let own = state.machines[id].ip;
    let known = place.known.iter().filter(|&&ip| ip != own);
    let mut managers: Vec<SocketAddr> = known.map(|&ip| (ip, SWARM_PORT).into()).collect();
    managers.sort();
    let identity = Identity {
        locks: false,
        node_id: Some(place.node.clone()),
        swarm_id: Some(swarm.name.clone()),
        ca_digest: Some(swarm.ca_digest.clone()),
        managers,
    };
    let control = match state.view(id) {
        None if engine.phase == Phase::Pending => return EngineState::Pending(identity),
        None => Control::Worker,
        Some(_) if state.plays(Mischief::ManagerLooksLikeWorker) && state.leaves(id) => {
            Control::Worker
        }
        Some(View::Led { leader, .. }) => Control::Manager {
            leader,
            origin: swarm.origin.clone(),
        },
        Some(_) => Control::NoLeader("The swarm does not have a leader.".into()),
    };
    EngineState::Active(Member { identity, control })
}

/// One entry of `GET /nodes`.
pub(super) fn listed(state: &State, id: SwarmId, entry: &Entry) -> NodeEntry {
    let swarm = &state.swarms[id];
    let machine = &state.machines[entry.machine];
    let strange = entry.stranger.as_ref();
    let member = swarm.raft.contains(&entry.node);
    let alive = state.manages(entry.machine) == Some(id) && state.is_linked(entry, id);
    NodeEntry {
        id: entry.node.clone(),
        created: entry.node.strip_prefix('n').and_then(|n| n.parse().ok()),
        role: entry.role,
        availability: entry.availability,
        labels: entry.labels.clone(),
        asks_to_leave: entry.asks,
        ready: entry.status == Status::Ready,
        down: entry.status == Status::Down,
        instance_id: strange.map_or_else(
            || Some(machine.instance_id.clone()),
            |stranger| stranger.claims.clone(),
        ),
        address: Some(strange.map_or(machine.ip, |stranger| stranger.at).into()),
        manager: member.then(|| ManagerEntry {
            address: state.address(entry.machine),
            reachable: alive,
            leader: alive && swarm.leader == Some(entry.machine),
        }),
    }
}
