//! Everything outside of this process, each behind its trait.

use tokio::sync::watch;

use aws::ClockOffset;
use aws::fleet::Fleet;
use aws::lifecycle::Lifecycle;
use aws::parameter_store::ParameterStore;
use docker::Engine;
use docker::probe::Probe;
use host::clock::Clock;
use host::random::Chance;
use protocol::Moment;
use protocol::departure::latch::Heard;
use stacks::Lead;

/// The kinds of everything outside of this process.
pub trait Outside {
    /// Parameter Store.
    type Store: ParameterStore + Clone + 'static;
    /// EC2.
    type Fleet: Fleet + Clone + 'static;
    /// Auto Scaling.
    type Lifecycle: Lifecycle + Clone + 'static;
    /// The Docker Engine.
    type Engine: Engine;
    /// The managers' port.
    type Probe: Probe;
    /// The clock that goes on while the machine is suspended, and over restarts of the agent.
    type Clock: Clock + ClockOffset;
    /// What keeps a fleet from moving in step.
    type Chance: Chance;
}

/// Everything outside of this process, each behind its trait.
pub struct Edges<O: Outside> {
    /// Parameter Store.
    pub store: O::Store,
    /// EC2.
    pub fleet: O::Fleet,
    /// Auto Scaling.
    pub lifecycle: O::Lifecycle,
    /// What may start a departure, as last heard.
    pub heard: watch::Receiver<Heard>,
    /// The Docker Engine.
    pub engine: O::Engine,
    /// The managers' port.
    pub probe: O::Probe,
    /// The stacks, which are kept beside the rounds while this node leads.
    pub stacks: Lead,
    /// Time since boot.
    pub clock: O::Clock,
    /// Lots.
    pub chance: O::Chance,
}

/// Who tells the time.
pub(super) trait Now {
    /// The present moment, with a lot of its own: one for each decision, and one for each answer.
    fn now(&self) -> Moment;
}

impl<O: Outside> Now for Edges<O> {
    fn now(&self) -> Moment {
        self.clock.moment(self.chance.lot())
    }
}
