//! A fleet that comes and goes: its groups scale, replace and lose their instances while tasks run on the
//! swarm, and things go wrong meanwhile. In the end it has to be whole.

mod faults;
mod groups;
pub(crate) mod mischief;
pub(crate) mod outage;
mod troubles;
pub(crate) mod unhooked;

use std::collections::BTreeMap;
use std::time::Duration;

use aws::lifecycle::Verdict;
use protocol::{RecoveryMode, Role};
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;
use tracing::info;

use crate::cluster::{LIMIT, obeyed, operator, stay_quiet, until_whole};
use crate::world::groups::Group;
use crate::world::mischief::Mischief;
use crate::world::tasks::Task;
use crate::world::{State, World, physics};
use faults::{MANAGERS, WORKERS};

/// How often each thing has taken place.
pub(crate) type Tally = BTreeMap<&'static str, u32>;

/// In a small swarm the leader takes one entry off the list in this time, where only EC2 says that it is dead: those
/// of a group without a hook.
const BRAKE: Duration = Duration::from_mins(5);

/// What has to take place in some of the fleets.
pub(crate) const TRIED: [&str; 9] = [
    "hooks of an end that were completed",
    "instances that AWS took back",
    "launches that were given up",
    "launches that were ready",
    "leaders that ended meanwhile",
    "leaders that left",
    "nodes that left",
    "strangers",
    "taken back",
];

/// What goes wrong besides departures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Weather {
    Fair,
    /// Agents die, EC2 and Auto Scaling fail; no other instance ends than those that are to leave.
    Rough,
    /// All that goes wrong in the other simulation as well.
    Foul,
}

/// The simulation of this seed; what has taken place in it.
pub(crate) async fn simulate(
    seed: u64,
    mischief: Option<Mischief>,
    settings: Settings,
) -> Result<Tally, String> {
    let world = World::new(seed, settings);
    let weather = world.with(|state| {
        let all = [Weather::Fair, Weather::Rough, Weather::Foul];
        let weather = state.random.one(&all).unwrap_or(Weather::Fair);
        state.only_departures = weather != Weather::Foul;
        state.settings.swarm.recovery = Some(RecoveryMode::Auto);
        state.mischief = mischief;
        state.strangers = seed % 2 == 1;
        found(state, &[60, 300, 900]);
        weather
    });
    spawn_local(physics::run(world.clone()));
    spawn_local(groups::run(world.clone()));
    spawn_local(operator(world.clone(), false));
    until_whole(&world, Duration::ZERO, LIMIT).await?;
    info!(?weather, "world: the fleet stands");
    spawn_local(strangers(world.clone()));
    world.with(give_tasks);
    come_and_go(&world, weather).await?;
    let ended = calm_down(&world);
    let limit = LIMIT + world.with(|state| state.dead_entries()) * BRAKE;
    until_whole(&world, ended, limit).await?;
    stay_quiet(&world).await?;
    Ok(world.with(|state| state.tally.clone()))
}

/// Two groups, with hooks of any length; that of an end for managers is one of these.
fn found(state: &mut State, managers_ends: &[u64]) {
    let seconds = |state: &mut State, of: &[u64]| {
        let chosen = state.random.one(of).filter(|seconds| *seconds > 0);
        chosen.map(Duration::from_secs)
    };
    for role in [Role::Manager, Role::Worker] {
        let manages = role == Role::Manager;
        let count = if manages {
            state.random.one(&[1, 3, 3, 3, 5]).unwrap_or(1)
        } else {
            state.random.below(9)
        };
        let launching = seconds(state, &[0, 120, 300, 900]);
        // A group without this hook ends its instances at once: those of workers are deaths, and raft
        // is kept from that by other means than a departure.
        let ends: &[u64] = if manages {
            managers_ends
        } else {
            &[0, 30, 60, 300, 900]
        };
        let terminating = seconds(state, ends);
        let by_default = state.random.one(&[Verdict::Abandon, Verdict::Continue]);
        let group = Group {
            name: format!("{role}s"),
            role,
            desired: count,
            surge: 0,
            refreshes: false,
            launching,
            terminating,
            by_default: by_default.unwrap_or(Verdict::Abandon),
            chosen: None,
            next_launch: None,
        };
        info!(
            name = group.name,
            count,
            ?launching,
            ?terminating,
            "world: group"
        );
        state.groups.push(group);
    }
}

/// Some come every few seconds, in other fleets every few minutes.
async fn strangers(world: World) {
    let pause = world.with(|state| {
        let kinds = [5_000, 10_000, 60_000, 300_000];
        state.strangers.then(|| state.random.one(&kinds)).flatten()
    });
    let Some(pause) = pause else {
        return;
    };
    while world.with(|state| state.strangers) {
        world.with(State::strangers_act);
        world.pause(pause / 2, pause * 3 / 2).await;
    }
}

fn give_tasks(state: &mut State) {
    let count = state.random.below(25);
    for swarm in 0..state.swarms.len() {
        if state.leads(swarm) {
            state.swarms[swarm].tasks = vec![Task::default(); count];
        }
    }
}

async fn come_and_go(world: &World, weather: Weather) -> Result<(), String> {
    let (count, minutes) = world.with(|state| {
        let count = 4 + state.random.below(22);
        (count, 15 + state.random.below(21))
    });
    let span = u64::try_from(minutes).unwrap_or_default() * 60_000;
    let mut times: Vec<Duration> = world.with(|state| {
        let now = state.now;
        (0..count)
            .map(|_| now + state.random.millis(0, span))
            .collect()
    });
    times.sort();
    for at in times {
        let left = world.with(|state| at.saturating_sub(state.now));
        sleep(left).await;
        happen(world, weather);
        obeyed(world)?;
    }
    sleep(Duration::from_secs(1)).await;
    obeyed(world)
}

fn happen(world: &World, weather: Weather) {
    let lot = world.with(|state| state.random.below(100));
    match (weather, lot) {
        (Weather::Rough, 60..) | (Weather::Foul, 75..) => troubles::trouble(world),
        (Weather::Foul, 50..75) => crate::faults::happen(world),
        (Weather::Foul, 42..50) => troubles::leader_ends(world),
        _ => faults::depart(world),
    }
}

/// Everything that can be taken back is, and nothing more goes wrong; when that was.
fn calm_down(world: &World) -> Duration {
    faults::withdraw_all(world);
    world.with(|state| {
        state.network.heal();
        state.aws.clear();
        state.strangers = false;
        state.strangers_rest();
        for group in [MANAGERS, WORKERS] {
            state.groups[group].refreshes = false;
            state.groups[group].surge = 0;
        }
        // An even number would do, but is not what anybody should run.
        state.groups[MANAGERS].desired |= 1;
        info!("world: no more faults");
        state.now
    })
}
