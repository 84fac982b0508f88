//! Many workers that are scaled in at once: the account's rate of calls to Auto Scaling is all there is.

use std::time::Duration;

use aws::lifecycle::Verdict;
use libtest_mimic::Failed;
use protocol::Role;
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::node;
use crate::scale::active;
use crate::world::aws::SCALINGS;
use crate::world::groups::Group;
use crate::world::machine::MachineId;
use crate::world::{State, World, physics};

const WORKERS: usize = 100;
/// Every agent looks at its metadata this often, in milliseconds.
const LOOK: u64 = 5_000;
/// More calls than this in any second, refused ones among them, would take others' rate away.
const MOST_A_SECOND: usize = 20;
/// All of them are done then.
const LIMIT: Duration = Duration::from_mins(5);
const SEEDS: u64 = 20;

/// What they did.
struct Numbers {
    calls: usize,
    refused: usize,
    /// In the busiest second.
    most: usize,
    /// Until the last was released.
    last: Duration,
    left: usize,
}

/// Scales all workers in, by seed.
pub(crate) fn check() -> Result<(), Failed> {
    let (mut worst, mut refused) = (0, 0);
    for seed in 1..=SEEDS {
        let n = crate::virtually(|settings| simulate(seed, settings));
        eprintln!(
            "\n  {WORKERS} workers, {SCALINGS} calls a second allowed: {} calls, {} refused, {} in the busiest second, \
             the last done after {:.1} s",
            n.calls,
            n.refused,
            n.most,
            n.last.as_secs_f64()
        );
        worst = worst.max(n.most);
        if n.left > 0 {
            return Err(format!("seed {seed}: {} were not released", n.left).into());
        }
        refused += n.refused;
    }
    if refused == 0 {
        return Err("nothing was refused, so nothing is shown".into());
    }
    if worst < MOST_A_SECOND {
        return Ok(());
    }
    Err(format!("{worst} calls in a second").into())
}

async fn simulate(seed: u64, settings: Settings) -> Numbers {
    let world = World::new(seed, settings);
    world.with(|state| state.aws.calm = true);
    world.with(|state| state.groups.push(group()));
    spawn_local(physics::run(world.clone()));
    node::launch(&world, Role::Manager, 0, 0);
    let workers: Vec<MachineId> = (0..WORKERS).map(|_| member(&world)).collect();
    while world.with(|state| active(state)) <= WORKERS {
        sleep(Duration::from_secs(1)).await;
    }
    let start = world.with(|state| state.now);
    for id in &workers {
        spawn_local(scaled_in(world.clone(), *id));
    }
    loop {
        sleep(Duration::from_secs(1)).await;
        let numbers = world.with(|state| numbers(state, &workers, start));
        let over = world.with(|state| state.since(start)) > LIMIT;
        if numbers.left == 0 || over {
            return numbers;
        }
    }
}

/// Of the template's default. Its metadata tells of no launch, so that nobody asks about that.
fn group() -> Group {
    Group {
        name: "workers".into(),
        role: Role::Worker,
        desired: WORKERS,
        surge: 0,
        refreshes: false,
        launching: None,
        terminating: Some(Duration::from_mins(15)),
        by_default: Verdict::Abandon,
        chosen: None,
        next_launch: None,
    }
}

/// A worker of a group, known to be one before its agent starts.
fn member(world: &World) -> MachineId {
    let id = node::launch(world, Role::Worker, 500, 10_000);
    world.on(id, |machine| machine.group = Some("workers".into()));
    id
}

/// The agent's next look at metadata tells it.
async fn scaled_in(world: World, id: MachineId) {
    world.with(|state| {
        state.enroll(id, 0);
        state.scale_in(id);
    });
    world.pause(0, LOOK).await;
    world.with(|state| state.tell(id));
}

fn numbers(state: &State, workers: &[MachineId], start: Duration) -> Numbers {
    let calls = &state.aws.scalings;
    let released = workers.iter().map(|id| state.machines[*id].released);
    Numbers {
        calls: calls.len(),
        refused: calls.iter().filter(|(_, refused)| *refused).count(),
        most: busiest(calls),
        last: released
            .clone()
            .flatten()
            .max()
            .map_or(LIMIT, |at| at.saturating_sub(start)),
        left: released.filter(Option::is_none).count(),
    }
}

/// The most calls of any second, wherever it begins.
fn busiest(calls: &[(Duration, bool)]) -> usize {
    let second = Duration::from_secs(1);
    let within = |at: Duration| {
        let window = calls
            .iter()
            .filter(|(other, _)| *other >= at && *other < at + second);
        window.count()
    };
    calls
        .iter()
        .map(|(at, _)| within(*at))
        .max()
        .unwrap_or_default()
}
