//! Writes to raft: what changes of the swarm and of its nodes' entries.

use docker::EngineError;
use protocol::NodeChange;
use protocol::Role;
use protocol::labels::{ADMISSION_LABEL, DRAINED_LABEL};
use protocol::leader::labelling::ACTIVATED;

use super::Edge;
use super::engine::{led, refused};
use crate::world::State;
use crate::world::mischief::Mischief;
use crate::world::swarm::{Status, SwarmId};

/// One that the leader does not get is not done.
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
    state.check_admission(id, node, change);
    let refuses = change.labels.contains_key(ADMISSION_LABEL);
    if refuses && state.plays(Mischief::RefusalIsLost) {
        return Ok(());
    }
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
    // The swarm that is new has its labels: the fleet stands before anything works wrongly.
    let lost = state.plays(Mischief::LabelsAreLost) && !state.swarms[id].tasks.is_empty();
    let entry = state.swarms[id].entry_mut(node);
    let entry = entry.ok_or_else(|| refused(404, "no such node"))?;
    entry.availability = change.availability.unwrap_or(entry.availability);
    // Also those that come after the availability: a task is seldom placed between the two.
    if lost && change.labels.contains_key(ACTIVATED) {
        return Ok(());
    }
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
/// it removes at once. Who is ready goes by force.
pub(super) fn remove(
    state: &mut State,
    id: SwarmId,
    node: &str,
    force: bool,
) -> Result<(), EngineError> {
    state.check_removal(id, node);
    let swarm = &mut state.swarms[id];
    let in_raft = swarm.raft.iter().any(|member| member == node);
    match swarm.entry(node) {
        None => return Ok(()),
        Some(_) if in_raft => {
            return Err(refused(400, "It must be demoted to worker before removal"));
        }
        Some(entry) if entry.status == Status::Ready && !force => {
            return Err(refused(400, "is not down and can't be removed"));
        }
        Some(_) => {}
    }
    swarm.entries.retain(|entry| entry.node != node);
    tracing::info!(swarm = id, node, "world: node removed");
    Ok(())
}
