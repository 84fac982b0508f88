//! Many workers at once, while one manager forms the swarm or after it has: Parameter Store's
//! reads a second are all there is.

use std::time::Duration;

use protocol::Role;
use protocol::leader::labelling::ACTIVATED;
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::node;
use crate::world::machine::Calls;
use crate::world::{State, World, physics};

/// Nobody waits longer for them.
const LIMIT: Duration = Duration::from_mins(20);

/// Workers that boot within one second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) workers: usize,
    /// Whether the swarm stands when they do.
    pub(crate) formed: bool,
    pub(crate) reads_a_second: f64,
}

/// What became of them. Times count from the first boot.
pub(crate) struct Numbers {
    pub(crate) published: Duration,
    /// When each joined, in order.
    pub(crate) joins: Vec<Duration>,
    /// When the last one was given its labels, and may be given tasks.
    pub(crate) active: Duration,
    /// Reads of Parameter Store a worker.
    pub(crate) mean: f64,
    pub(crate) most: u32,
    /// Reads that were refused.
    pub(crate) refused: u32,
    /// How often the leader listed all nodes.
    pub(crate) lists: u32,
}

impl Numbers {
    pub(crate) fn last(&self) -> Duration {
        self.joins.last().copied().unwrap_or(LIMIT)
    }

    pub(crate) fn median(&self) -> Duration {
        let middle = self.joins.get(self.joins.len() / 2);
        middle.copied().unwrap_or(LIMIT)
    }
}

/// Lets them boot, and waits until all are given tasks.
pub(crate) async fn simulate(seed: u64, crowd: Crowd, settings: Settings) -> Numbers {
    let world = World::new(seed, settings);
    world.with(|state| {
        state.aws.calm = true;
        state.aws.reads_a_second = crowd.reads_a_second;
    });
    spawn_local(physics::run(world.clone()));
    let manager = node::launch(
        &world,
        Role::Manager,
        0,
        if crowd.formed { 0 } else { 1_000 },
    );
    if crowd.formed {
        sleep(Duration::from_mins(1)).await;
    }
    let start = world.with(|state| state.now);
    let before = world.on(manager, |machine| machine.calls);
    for _ in 0..crowd.workers {
        node::launch(&world, Role::Worker, 0, 1_000);
    }
    let mut published = Duration::ZERO;
    loop {
        sleep(Duration::from_millis(100)).await;
        let (has_ticket, active, now) = world.with(|state| {
            let has_ticket = state.aws.names().any(|name| name.ends_with("/ticket"));
            (has_ticket, active(state), state.since(start))
        });
        if !has_ticket {
            published = now;
        }
        if active > crowd.workers || now > LIMIT {
            let calls = world.on(manager, |machine| machine.calls) - before;
            return world.with(|state| numbers(state, start, published, calls));
        }
    }
}

/// What the last of ten workers does in an hour in which nothing happens.
pub(crate) async fn quiet_worker(settings: Settings) -> Calls {
    let world = World::new(1, settings);
    world.with(|state| state.aws.calm = true);
    spawn_local(physics::run(world.clone()));
    node::launch(&world, Role::Manager, 0, 1_000);
    for _ in 1..10 {
        node::launch(&world, Role::Worker, 0, 1_000);
    }
    let last = node::launch(&world, Role::Worker, 0, 1_000);
    sleep(Duration::from_mins(10)).await;
    let before = world.on(last, |machine| machine.calls);
    sleep(Duration::from_hours(1)).await;
    world.on(last, |machine| machine.calls) - before
}

/// How many nodes may be given tasks.
pub(crate) fn active(state: &State) -> usize {
    let entries = state.swarms.first().map(|swarm| swarm.entries.iter());
    let labelled = entries.map(|all| all.filter(|entry| entry.labels.contains_key(ACTIVATED)));
    labelled.map_or(0, Iterator::count)
}

fn numbers(state: &State, start: Duration, published: Duration, leader: Calls) -> Numbers {
    let workers = state.machines.iter().filter(|m| m.role == Role::Worker);
    let calls: Vec<_> = workers.clone().map(|machine| machine.calls).collect();
    let joined = workers.filter_map(|machine| machine.joined);
    let mut joins: Vec<Duration> = joined.map(|at| at.saturating_sub(start)).collect();
    joins.sort();
    let all: u32 = calls.iter().map(|calls| calls.reads).sum();
    Numbers {
        published,
        joins,
        active: state.since(start),
        mean: each(all, calls.len()),
        most: calls
            .iter()
            .map(|calls| calls.reads)
            .max()
            .unwrap_or_default(),
        refused: calls.iter().map(|calls| calls.throttled).sum(),
        lists: leader.lists,
    }
}

/// A mean.
pub(crate) fn each(all: u32, count: usize) -> f64 {
    f64::from(all) / f64::from(u32::try_from(count).unwrap_or(u32::MAX).max(1))
}
