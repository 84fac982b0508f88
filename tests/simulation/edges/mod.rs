//! The world as one node's agent meets it.

mod engine;
mod entries;
mod fleet;
mod lifecycle;
mod looks;
mod probe;
mod store;
mod swarm;

use std::time::Duration;

use aws::ClockOffset;
use swarmlet::run::{Chance, Clock, Edges, Outside, Triggers};

use crate::world::World;
use crate::world::machine::MachineId;

/// One agent's process on one machine.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) world: World,
    pub(crate) id: MachineId,
    dies_in: std::rc::Rc<std::cell::Cell<Option<u32>>>,
}

/// The simulation's side of everything.
pub(crate) struct Simulated;

impl Outside for Simulated {
    type Store = Edge;
    type Fleet = Edge;
    type Lifecycle = Edge;
    type Engine = Edge;
    type Probe = Edge;
    type Clock = Edge;
    type Chance = Edge;
}

impl Edge {
    pub(crate) fn new(world: World, id: MachineId) -> Self {
        let dies_in = world.on(id, |machine| machine.dies_in.clone());
        Self { world, id, dies_in }
    }

    pub(crate) fn all(&self) -> Edges<Simulated> {
        Edges {
            store: self.clone(),
            fleet: self.clone(),
            lifecycle: self.clone(),
            heard: self.world.on(self.id, |machine| machine.heard.subscribe()),
            engine: self.clone(),
            probe: self.clone(),
            // What runs on the swarm is no part of this world.
            stacks: stacks::line().0,
            clock: self.clone(),
            chance: self.clone(),
        }
    }

    /// Before and after each call: the process may be about to die. It then waits for its end,
    /// which the machine brings about.
    async fn live(&self) {
        match self.dies_in.get() {
            None => {}
            Some(0) => {
                self.dies_in.set(None);
                crate::node::crash(&self.world, self.id);
                std::future::pending::<()>().await;
            }
            Some(left) => self.dies_in.set(Some(left - 1)),
        }
    }

    /// A call whose effect does not depend on the life of the process that made it.
    async fn call<T: 'static>(&self, work: impl Future<Output = T> + 'static) -> T {
        self.live().await;
        let done = tokio::task::spawn_local(work).await;
        self.live().await;
        done.expect("a call does not panic")
    }
}

impl Clock for Edge {
    fn uptime(&self) -> Duration {
        self.world.with(|state| {
            let booted = state.machines[self.id].booted;
            state.since(booted.unwrap_or(state.now))
        })
    }

    fn unix(&self) -> u64 {
        self.world
            .with(|state| state.since(Duration::ZERO).as_secs())
    }

    fn boot(&self) -> String {
        let booted = self.world.on(self.id, |machine| machine.booted);
        format!("{booted:?}")
    }
}

impl ClockOffset for Edge {
    fn aws_ahead(&self) -> Option<f64> {
        Some(0.0)
    }
}

impl Chance for Edge {
    fn within(&self, most: Duration) -> Duration {
        let permille = self.world.with(|state| state.random.below(1000));
        most * u32::try_from(permille).unwrap_or_default() / 1000
    }

    fn pick(&self, count: usize) -> usize {
        self.world.with(|state| state.random.below(count))
    }
}

/// What wakes the agent: its engine.
pub(crate) struct Wake(pub(crate) std::rc::Rc<tokio::sync::Notify>);

impl Triggers for Wake {
    async fn next(&mut self) -> Option<()> {
        self.0.notified().await;
        Some(())
    }
}
