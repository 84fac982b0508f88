//! What a leader does for many nodes that rest, and when some of them end.

use std::time::Duration;

use docker::NodeList as _;
use protocol::{Availability, Role};
use swarmlet::config::Settings;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::edges::Edge;
use crate::node;
use crate::scale::active;
use crate::world::engine::Power;
use crate::world::machine::Calls;
use crate::world::{State, World, physics};

/// The only one with an agent.
const LEADER: usize = 0;
const HOUR: Duration = Duration::from_hours(1);
/// Until the leader has seen to it that nothing is left to do.
const SETTLED: Duration = Duration::from_mins(5);
/// How often the simulated list is made to know what that costs.
const LISTS: u32 = 50;

/// An hour in which nothing happens, and what it takes until the list is clean after that.
pub(crate) struct Numbers {
    /// From the first round to the last node's labels.
    pub(crate) labelled: Duration,
    /// The leader's calls in the quiet hour.
    pub(crate) quiet: Calls,
    /// Processor time of one of its rounds, less what the simulated engine takes for its list.
    pub(crate) round: Duration,
    /// Instances that end then.
    pub(crate) ended: usize,
    /// Until their entries are gone, and the leader's calls meanwhile.
    pub(crate) reaped: Duration,
    pub(crate) reaping: Calls,
}

/// What is there when all have joined, and how long that took.
struct Crowd {
    world: World,
    goes_on: JoinHandle<()>,
    labelled: Duration,
}

/// One leader of `nodes`, the others without agents.
async fn gather(nodes: usize, settings: Settings) -> Crowd {
    let world = World::new(1, settings);
    world.with(|state| state.aws.calm = true);
    let goes_on = spawn_local(physics::run(world.clone()));
    node::launch(&world, Role::Manager, 0, 0);
    let published = |state: &State| state.aws.names().any(|name| name.ends_with("/ticket"));
    until(&world, published).await;
    world.with(|state| (1..nodes).for_each(|_| add(state)));
    let labelled = until(&world, |state| active(state) == nodes).await;
    Crowd {
        world,
        goes_on,
        labelled,
    }
}

/// They join, and nothing happens for an hour.
pub(crate) async fn rest(nodes: usize, settings: Settings) {
    let crowd = gather(nodes, settings).await;
    crowd.goes_on.abort();
    sleep(HOUR).await;
}

/// They join and rest, and a tenth of them ends.
pub(crate) async fn simulate(nodes: usize, settings: Settings) -> Numbers {
    let crowd = gather(nodes, settings).await;
    let (world, labelled) = (crowd.world, crowd.labelled);
    sleep(SETTLED).await;
    crowd.goes_on.abort();
    let (quiet, busy) = watched(&world, async { sleep(HOUR).await }).await;
    let list = listing(&world).await;
    let round = busy.saturating_sub(list * quiet.lists) / quiet.looks.max(1);
    let goes_on = spawn_local(physics::run(world.clone()));
    let ended = nodes / 10;
    world.with(|state| end(state, ended));
    let start = world.with(|state| state.now);
    let clean = until(&world, |state| {
        state.swarms[0].entries.len() == nodes - ended
    });
    let (reaping, _) = watched(&world, async { _ = clean.await }).await;
    goes_on.abort();
    world.with(|state| assert!(state.broken.is_empty(), "{:?}", state.broken));
    Numbers {
        labelled,
        quiet,
        round,
        ended,
        reaped: world.with(|state| state.since(start)),
        reaping,
    }
}

/// A worker that has joined and of which nothing is heard again.
fn add(state: &mut State) {
    let id = state.launch(Role::Worker, state.disks.clone());
    state.machines[id].booted = Some(state.now);
    state.machines[id].engine.power = Power::On;
    state.admit(id, 0, Availability::Drain);
}

fn end(state: &mut State, count: usize) {
    let now = state.now;
    for machine in state.machines.iter_mut().rev().take(count) {
        machine.terminated = Some(now);
    }
}

/// Waits, and says how long it took.
async fn until(world: &World, holds: impl Fn(&State) -> bool) -> Duration {
    let start = world.with(|state| state.now);
    while !world.with(|state| holds(state)) {
        sleep(Duration::from_millis(100)).await;
        let took = world.with(|state| state.since(start));
        assert!(took < HOUR, "it has not come to that in an hour");
    }
    world.with(|state| state.since(start))
}

/// The leader's calls and the processor time of a while.
async fn watched(world: &World, work: impl Future<Output = ()>) -> (Calls, Duration) {
    let before = world.on(LEADER, |machine| machine.calls);
    let started = on_processor();
    work.await;
    let took = on_processor().saturating_sub(started);
    (world.on(LEADER, |machine| machine.calls) - before, took)
}

/// Processor time of one list as the simulated engine makes it.
async fn listing(world: &World) -> Duration {
    let engine = Edge::new(world.clone(), LEADER);
    let started = on_processor();
    for _ in 0..LISTS {
        drop(engine.nodes(None).await);
    }
    on_processor().saturating_sub(started) / LISTS
}

/// Processor time of this thread: what else the machine does is not in it.
pub(crate) fn on_processor() -> Duration {
    let told = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
    told.expect("a clock of this thread").into()
}
