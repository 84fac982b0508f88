//! Everything outside of the agents: machines, their engines and swarms, the network, AWS.
//!
//! Plain data that changes at the calls of the agents, at faults, and at the ticks of
//! [`physics`]. Its rules are those measured on real engines; what is left out is said where it
//! would be.

pub(crate) mod aws;
pub(crate) mod checks;
mod departures;
mod ec2;
pub(crate) mod elections;
pub(crate) mod engine;
pub(crate) mod groups;
mod hooks;
pub(crate) mod machine;
pub(crate) mod mischief;
mod network;
pub(crate) mod notices;
pub(crate) mod physics;
pub(crate) mod strangers;
pub(crate) mod swarm;
pub(crate) mod tasks;
mod whole;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use swarmlet::config::Settings;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::random::Random;
use aws::Aws;
use groups::Group;
use machine::{Machine, MachineId};
use mischief::Mischief;
pub(crate) use network::Cut;
use network::Network;
use swarm::Swarm;

/// What all nodes share. Clones are the same world.
#[derive(Clone)]
pub(crate) struct World {
    state: Rc<RefCell<State>>,
    _disks: Rc<TempDir>,
    born: Instant,
}

/// All of it at one moment.
pub(crate) struct State {
    pub(crate) now: Duration,
    pub(crate) random: Random,
    pub(crate) machines: Vec<Machine>,
    /// Who was given an address last.
    addresses: BTreeMap<Ipv4Addr, MachineId>,
    pub(crate) swarms: Vec<Swarm>,
    pub(crate) network: Network,
    pub(crate) aws: Aws,
    pub(crate) groups: Vec<Group>,
    /// EC2 tells who is in which group, and the managers' group has no hook.
    pub(crate) unhooked: bool,
    /// Nothing dies but what departs: raft has no other reason to lose its majority.
    pub(crate) only_departures: bool,
    /// What has taken place, counted: a rule that nothing has tried shows nothing.
    pub(crate) tally: BTreeMap<&'static str, u32>,
    /// Somebody else has the worker's token too.
    pub(crate) strangers: bool,
    /// What works wrongly on purpose.
    pub(crate) mischief: Option<Mischief>,
    /// Rules that were broken. One is enough to end the simulation.
    pub(crate) broken: Vec<String>,
    /// What the agents' settings are but for their state folders, which are in `disks`.
    pub(crate) settings: Settings,
    pub(crate) disks: PathBuf,
    /// Numbers for new names.
    serial: usize,
}

impl World {
    pub(crate) fn new(seed: u64, settings: Settings) -> Self {
        let disks = disks();
        let state = State {
            now: Duration::ZERO,
            random: Random::new(seed),
            machines: Vec::new(),
            addresses: BTreeMap::new(),
            swarms: Vec::new(),
            network: Network::default(),
            aws: Aws::default(),
            groups: Vec::new(),
            unhooked: false,
            only_departures: false,
            tally: BTreeMap::new(),
            strangers: false,
            mischief: None,
            broken: Vec::new(),
            settings,
            disks: disks.path().to_owned(),
            serial: 0,
        };
        Self {
            state: Rc::new(RefCell::new(state)),
            _disks: Rc::new(disks),
            born: Instant::now(),
        }
    }

    /// Looks at the world, or changes it, at this moment.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.borrow_mut();
        state.now = self.born.elapsed();
        work(&mut state)
    }

    /// The same on one machine.
    pub(crate) fn on<R>(&self, id: MachineId, work: impl FnOnce(&mut Machine) -> R) -> R {
        self.with(|state| work(&mut state.machines[id]))
    }

    /// A pause of a random length, in milliseconds.
    pub(crate) async fn pause(&self, least: u64, most: u64) {
        let pause = self.with(|state| state.random.millis(least, most));
        tokio::time::sleep(pause).await;
    }
}

impl State {
    /// A time from now on, between two numbers of milliseconds.
    pub(crate) fn soon(&mut self, least: u64, most: u64) -> Duration {
        self.now + self.random.millis(least, most)
    }

    /// How long ago something was.
    pub(crate) fn since(&self, then: Duration) -> Duration {
        self.now.saturating_sub(then)
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(crate) fn serial(&mut self) -> usize {
        self.serial += 1;
        self.serial
    }
}

/// In memory where that is possible: agents flush their files.
fn disks() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a temporary folder")
}
