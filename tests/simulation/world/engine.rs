//! One machine's Docker Engine: what its disk and its process hold.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::State;
use super::machine::MachineId;
use super::swarm::SwarmId;

/// An engine.
#[derive(Default)]
pub(crate) struct Engine {
    pub(crate) power: Power,
    /// Counts its processes: what one of them was at ends with it.
    pub(crate) life: u32,
    /// Its API takes connections and answers none.
    pub(crate) hangs: bool,
    /// Its certificate and what goes with it.
    pub(crate) place: Option<Place>,
    pub(crate) phase: Phase,
    /// Calls that change its part in a swarm wait for each other.
    pub(crate) turn: Arc<Mutex<()>>,
    /// The swarm whose leader it hears, as of the last tick.
    pub(crate) link: Option<SwarmId>,
    /// Since when it hears that one.
    pub(crate) linked_since: Option<Duration>,
    /// Since when there has been no such swarm.
    pub(crate) cut_since: Option<Duration>,
    /// What its agent has asked that label to be, last.
    pub(crate) wanted: Option<u64>,
    /// Its label of a departure, by which it tells the managers.
    pub(crate) label: Option<u64>,
    /// How many of the swarm's tasks run here.
    pub(crate) containers: usize,
    /// Since when there have been any.
    pub(crate) busy_since: Option<Duration>,
}

/// Its process.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Power {
    #[default]
    Off,
    /// Its API holds its callers until it is up: at `soonest` if it hears its swarm, else at `latest`.
    Starting {
        soonest: Duration,
        latest: Duration,
    },
    On,
}

/// What swarmkit keeps on its disk.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// `CN=` of its certificate.
    pub(crate) node: String,
    /// The raft store it has, or that of the managers it hears.
    pub(crate) swarm: SwarmId,
    /// Whether it runs a manager.
    pub(crate) manager: bool,
    /// The managers it knows (`RemoteManagers`).
    pub(crate) known: Vec<Ipv4Addr>,
}

/// What its swarm part is at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Phase {
    #[default]
    Inactive,
    /// A first join that goes on in the background.
    Joining {
        at: Ipv4Addr,
        until: Duration,
    },
    /// It has a certificate and looks for its managers.
    Pending,
    Active,
    Error,
}

impl State {
    /// Whether its raft and gRPC part works: also while the API waits for the swarm, or hangs.
    pub(crate) fn runs(&self, id: MachineId) -> bool {
        let machine = &self.machines[id];
        let awake = match machine.engine.power {
            Power::Off => false,
            Power::Starting { soonest, .. } => soonest <= self.now,
            Power::On => true,
        };
        machine.is_on() && awake
    }

    /// The process starts.
    pub(crate) fn start_engine(&mut self, id: MachineId) {
        let soonest = self.soon(500, 1700);
        let latest = self.soon(20_500, 21_700);
        let engine = &mut self.machines[id].engine;
        engine.life += 1;
        engine.hangs = false;
        engine.turn = Arc::default();
        engine.link = None;
        engine.cut_since = None;
        engine.power = Power::Starting { soonest, latest };
        // A join that had not come to an end leaves nothing; a worker looks for its managers.
        engine.phase = match &engine.place {
            None => Phase::Inactive,
            Some(place) if place.manager => Phase::Active,
            Some(_) => Phase::Pending,
        };
        self.machines[id].wake.notify_one();
    }

    pub(crate) fn stop_engine(&mut self, id: MachineId) {
        let engine = &mut self.machines[id].engine;
        engine.life += 1;
        engine.power = Power::Off;
        engine.link = None;
        self.run_on(id, 0);
        self.machines[id].wake.notify_one();
    }

    /// Takes the engine out of its swarm. The others are not told: its entry stays.
    pub(crate) fn leave_swarm(&mut self, id: MachineId) {
        let engine = &mut self.machines[id].engine;
        engine.place = None;
        engine.phase = Phase::Inactive;
        engine.link = None;
        self.run_on(id, 0);
        self.machines[id].wake.notify_one();
    }
}
