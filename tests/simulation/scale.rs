//! Many workers at once, while one manager forms the swarm or after it has: Parameter Store's
//! 40 reads a second are all there is.

use std::time::Duration;

use swarmlet::config::Settings;
use swarmlet::swarm::Role;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::node;
use crate::world::{World, physics};

/// What became of it.
pub(crate) struct Numbers {
    pub(crate) workers: usize,
    pub(crate) formed: bool,
    pub(crate) published: Duration,
    pub(crate) last: Duration,
    pub(crate) mean: f64,
    pub(crate) most: u32,
    pub(crate) throttled: u32,
}

/// `workers` boot within one second.
pub(crate) async fn simulate(
    seed: u64,
    workers: usize,
    formed: bool,
    settings: Settings,
) -> Numbers {
    let world = World::new(seed, settings);
    world.with(|state| state.aws.calm = true);
    spawn_local(physics::run(world.clone()));
    node::launch(&world, Role::Manager, 0, if formed { 0 } else { 1_000 });
    if formed {
        sleep(Duration::from_mins(1)).await;
    }
    let start = world.with(|state| state.now);
    for _ in 0..workers {
        node::launch(&world, Role::Worker, 0, 1_000);
    }
    let mut published = Duration::ZERO;
    loop {
        sleep(Duration::from_millis(100)).await;
        let (has_ticket, joined, now) = world.with(|state| {
            let has_ticket = state.aws.names().any(|name| name.ends_with("/ticket"));
            let joined = state.swarms.first().map_or(0, |s| s.entries.len() - 1);
            (has_ticket, joined, state.since(start))
        });
        if !has_ticket {
            published = now;
        }
        if joined == workers || now > Duration::from_mins(10) {
            return numbers(&world, workers, formed, published, now);
        }
    }
}

fn numbers(
    world: &World,
    workers: usize,
    formed: bool,
    published: Duration,
    last: Duration,
) -> Numbers {
    world.with(|state| {
        let nodes = state.machines.iter().filter(|m| m.role == Role::Worker);
        let reads: Vec<u32> = nodes.map(|machine| machine.calls.reads).collect();
        let all: u32 = reads.iter().sum();
        Numbers {
            workers,
            formed,
            published,
            last,
            mean: f64::from(all) / f64::from(u32::try_from(workers).unwrap_or(1).max(1)),
            most: reads.iter().copied().max().unwrap_or_default(),
            throttled: state.machines.iter().map(|m| m.calls.throttled).sum(),
        }
    })
}
