//! Forty nodes, an hour in which EC2 does not answer, and strangers who come and go all the while: nobody who was admitted loses
//! his tasks for that, whoever leads.

use std::time::Duration;

use protocol::{Availability, RecoveryMode};
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;
use tracing::info;

use super::faults::{MANAGERS, WORKERS, leaders};
use super::{BRAKE, Tally, calm_down, found, give_tasks, groups, strangers, troubles};
use crate::cluster::{LIMIT, obeyed, operator, stay_quiet, until_whole};
use crate::node;
use crate::world::aws::{Trouble, Weather};
use crate::world::{State, World, physics};

const OUTAGE: Duration = Duration::from_hours(1);
/// So often the leader's machine goes down and comes up again, or its agent dies.
const LEADER: u32 = 10;

/// What has to take place in some of them.
pub(crate) const TRIED: [&str; 2] = ["leaders that went down", "strangers"];

/// The simulation of this seed; what has taken place in it.
pub(crate) async fn simulate(seed: u64, settings: Settings) -> Result<Tally, String> {
    let world = World::new(seed, settings);
    world.with(|state| {
        (state.only_departures, state.strangers) = (true, true);
        state.settings.swarm.recovery = Some(RecoveryMode::Auto);
        found(state, &[300]);
        state.groups[MANAGERS].desired = 3;
        state.groups[WORKERS].desired = 37;
    });
    spawn_local(physics::run(world.clone()));
    spawn_local(groups::run(world.clone()));
    spawn_local(operator(world.clone(), false));
    until_whole(&world, Duration::ZERO, LIMIT).await?;
    world.with(give_tasks);
    spawn_local(strangers(world.clone()));
    sleep(Duration::from_mins(2)).await;
    world.with(|state| {
        let until = state.now + OUTAGE;
        let kind = Trouble::EC2Down;
        info!(?until, "world: EC2 does not answer");
        state.aws.change_weather(Weather { kind, until });
    });
    for minute in 1..=60 {
        sleep(Duration::from_mins(1)).await;
        if minute % LEADER == 0 {
            lose_leader(&world);
        }
        obeyed(&world)?;
        world.with(|state| all_active(state))?;
    }
    let ended = calm_down(&world);
    let limit = LIMIT + world.with(|state| state.dead_entries()) * BRAKE;
    until_whole(&world, ended, limit).await?;
    stay_quiet(&world).await?;
    Ok(world.with(|state| state.tally.clone()))
}

fn lose_leader(world: &World) {
    if world.with(|state| state.random.permille(500)) {
        return troubles::leader_dies(world);
    }
    for id in leaders(world) {
        world.with(|state| state.count("leaders that went down"));
        spawn_local(node::reboot(world.clone(), id));
    }
}

/// Of all that belong here.
fn all_active(state: &State) -> Result<(), String> {
    let led = (0..state.swarms.len()).filter(|&swarm| state.leads(swarm));
    let entries = led.flat_map(|swarm| &state.swarms[swarm].entries);
    let mut own = entries.filter(|entry| entry.stranger.is_none());
    match own.find(|entry| entry.availability != Availability::Active) {
        None => Ok(()),
        Some(entry) => Err(format!("{} was admitted, and is drained", entry.node)),
    }
}
