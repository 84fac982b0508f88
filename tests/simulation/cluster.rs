//! One simulation: a cluster boots, things go wrong for a while, then it has to be whole again.

use std::time::Duration;

use host::state_folder::StateFolder;
use protocol::{RecoveryMode, Role};
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;
use tracing::info;

use crate::random::Random;
use crate::world::machine::MachineId;
use crate::world::{World, physics};
use crate::{faults, node};

/// With the ten minutes between acts that cannot be undone, nothing takes longer.
pub(crate) const LIMIT: Duration = Duration::from_mins(30);
/// How long the quiet life is watched.
const QUIET: Duration = Duration::from_mins(10);

/// The simulation of this seed.
pub(crate) async fn simulate(seed: u64, settings: Settings) -> Result<(), String> {
    let world = World::new(seed, settings);
    spawn_local(physics::run(world.clone()));
    let size = launch(&world);
    let faults = go_wrong(&world).await?;
    let ended = world.with(|state| {
        state.network.heal();
        state.aws.clear();
        info!("world: no more faults");
        state.now
    });
    until_whole(&world, ended, LIMIT).await?;
    let healed = world.with(|state| state.since(ended));
    info!(size, faults, ?healed, "world: whole again");
    stay_quiet(&world).await
}

/// Managers and workers, in any order within half a minute; who decides about recoveries.
fn launch(world: &World) -> String {
    let (managers, workers, asks) = world.with(|state| {
        let managers = state.random.one(&[1, 1, 3, 3, 3, 3, 3, 5, 5]);
        let asks = state.random.permille(500);
        let mode = if asks {
            RecoveryMode::Ask
        } else {
            RecoveryMode::Auto
        };
        state.settings.swarm.recovery = Some(mode);
        (managers.unwrap_or(1), state.random.below(13), asks)
    });
    for _ in 0..managers {
        node::launch(world, Role::Manager, 0, 30_000);
    }
    for _ in 0..workers {
        node::launch(world, Role::Worker, 0, 30_000);
    }
    spawn_local(operator(world.clone(), asks));
    format!(
        "{managers} managers, {workers} workers, recovery {}",
        if asks { "ask" } else { "auto" }
    )
}

async fn go_wrong(world: &World) -> Result<usize, String> {
    let (count, minutes) = world.with(|state| {
        let count = state.random.below(25);
        (count, 20 + state.random.below(21))
    });
    let span = u64::try_from(minutes).unwrap_or_default() * 60_000;
    let mut times: Vec<Duration> =
        world.with(|state| (0..count).map(|_| state.random.millis(0, span)).collect());
    times.sort();
    for at in times {
        let left = world.with(|state| at.saturating_sub(state.now));
        sleep(left).await;
        faults::happen(world);
        obeyed(world)?;
    }
    sleep(Duration::from_secs(1)).await;
    obeyed(world).map(|()| count)
}

pub(crate) fn obeyed(world: &World) -> Result<(), String> {
    world.with(|state| match state.broken.first() {
        Some(rule) => Err(format!("at {:.1} s: {rule}", state.now.as_secs_f64())),
        None => Ok(()),
    })
}

pub(crate) async fn until_whole(
    world: &World,
    since: Duration,
    limit: Duration,
) -> Result<(), String> {
    loop {
        sleep(Duration::from_secs(5)).await;
        obeyed(world)?;
        match world.with(|state| state.whole().map_err(|why| (why, state.since(since)))) {
            Ok(()) => return Ok(()),
            Err((why, after)) if after > limit => {
                return Err(format!("not whole after {} s: {why}", after.as_secs()));
            }
            Err(_) => {}
        }
    }
}

/// How often somebody looks, and after how long they do more than to consent.
const LOOK: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_mins(10);

/// A healthy node asks AWS nothing; a healthy leader looks at the ticket and the tags once a
/// minute, and at a managers' group without hooks as often, at its hooks every five minutes.
pub(crate) async fn stay_quiet(world: &World) -> Result<(), String> {
    sleep(Duration::from_mins(2)).await;
    let calls = |world: &World| -> Vec<_> {
        world.with(|state| state.machines.iter().map(|m| m.calls).collect())
    };
    let before = calls(world);
    sleep(QUIET).await;
    obeyed(world)?;
    let after = calls(world);
    let (leaders, unhooked) = world.with(|state| (state.leaders(), state.unhooked));
    let of_leader = if unhooked { 24 + 13 } else { 24 };
    for (id, (before, after)) in before.iter().zip(&after).enumerate() {
        let asked = after.all() - before.all();
        let allowed = if leaders.contains(&id) { of_leader } else { 0 };
        if asked > allowed {
            return Err(format!(
                "machine {id} asked AWS {asked} times in {} quiet minutes",
                QUIET.as_secs() / 60
            ));
        }
    }
    world.with(|state| state.whole())
}

/// Somebody who reads what managers say that have lost their majority.
pub(crate) async fn operator(world: World, asked: bool) {
    let (mut seen, mut stuck_for) = (Duration::ZERO, Duration::ZERO);
    let mut rounds = Random::new(1);
    loop {
        sleep(LOOK).await;
        let stuck = world.with(|state| state.stuck());
        if stuck.is_empty() {
            (seen, stuck_for) = (Duration::ZERO, Duration::ZERO);
            continue;
        }
        (seen, stuck_for) = (seen + LOOK, stuck_for + LOOK);
        if asked && seen >= rounds.millis(120_000, 360_000) {
            seen = Duration::ZERO;
            consent(&world, &stuck);
        }
        if stuck_for >= PATIENCE {
            stuck_for = Duration::ZERO;
            for id in world.with(|state| state.never_promoted(&stuck)) {
                info!(machine = id, "world: an operator ends it");
                spawn_local(node::replace(world.clone(), id));
            }
        }
    }
}

fn consent(world: &World, stuck: &[MachineId]) {
    for &id in stuck {
        let (folder, instance) = world.on(id, |m| (m.folder.clone(), m.instance_id.clone()));
        info!(machine = id, "world: an operator consents");
        let noted = StateFolder::new(&folder, &instance).consent();
        noted.expect("a state folder that can be written");
    }
}
