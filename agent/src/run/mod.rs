//! The shell around the decision: observe, decide, act, look again.
//!
//! Level-triggered: no step knows which one came before it. What happened is learnt by
//! looking, so a crash, a lost answer or a restarted engine needs no case of its own.

mod act;
mod acts;
mod ask;
mod busy;
mod chores;
mod consent;
mod departing;
mod hooks;
mod keeper;
mod lanes;
mod launch;
mod look;
mod names;
mod notices;
mod own;
mod own_group;
mod registers;
mod request;
mod round;
mod rounds;
mod startup;
mod tell;
#[cfg(test)]
mod tests;
mod token;
mod waits;
mod wake;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use ipnet::Ipv4Net;
use secrecy::SecretString;
use thiserror::Error;
use tokio::sync::watch;
use tracing::warn;

use crate::config::Settings;
use crate::identity::InstanceIdentity;
use aws::ClockOffset;
use aws::CloudError;
use aws::fleet::Fleet;
use aws::lifecycle::Lifecycle;
use aws::parameter_store::ParameterStore;
use docker::probe::Probe;
use docker::{Engine, EngineError};
use host::state_folder::{StateError, StateFolder};
use protocol::SWARM_PORT;
use protocol::departure::latch::Heard;
use protocol::node::launch::{LaunchRules, Waited};
use protocol::node::{Event, File, Files, Node, Own, Policy};
use protocol::{Epoch, JoinToken, Moment, Observation, TicketError};
use stacks::Lead;
use view::metrics::Metrics;
use view::status::boot::Trace;
use view::status::launch as waited;
use view::status::story::Story;

pub use consent::{ConsentError, consent};
pub use host::clock::{BootClock, Clock};
pub use host::random::{Chance, Dice};
pub use own::OwnError;
pub use request::{RequestError, activate, drain, leave};
pub use rounds::run;
pub use startup::{StartError, start};
pub use token::{RotateError, rotate_tokens};
pub use wake::Triggers;

use busy::Busy;
use chores::Chores;
use lanes::Lanes;

pub(crate) use names::Names;

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

impl<O: Outside> Edges<O> {
    /// The present moment, with a lot of its own: one for each decision, and one for each answer.
    pub(crate) fn now(&self) -> Moment {
        self.clock.moment(self.chance.lot())
    }
}

/// The agent of one node.
pub struct Agent<O: Outside> {
    identity: InstanceIdentity,
    /// The address blocks of its VPC: a manager may have to choose a swarm's pool clear of them.
    vpc_cidrs: Vec<Ipv4Net>,
    settings: Settings,
    names: Names,
    edges: Edges<O>,
    memory: StateFolder,
    /// All that decisions rest on.
    node: Node,
    chores: Chores,
    /// What AWS is being asked beside the rounds.
    lanes: Rc<Lanes>,
    /// AWS had too many requests.
    busy: Busy,
    /// What the last decision rested on.
    seen: Option<Observation>,
    /// The last decisions, for people.
    story: Story,
    /// The way here, until this node served.
    trace: Trace,
    metrics: Metrics,
}

/// Why a step did not succeed. The next round looks again, after a gap.
#[derive(Debug, Error)]
pub enum StepError {
    /// AWS.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The state folder.
    #[error(transparent)]
    Memory(#[from] StateError),
    /// The engine's token or the stored ticket.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// A register that contradicts itself.
    #[error("cannot settle epoch {epoch}: {cause}")]
    Register {
        /// Which epoch.
        epoch: protocol::Epoch,
        /// What is wrong.
        cause: String,
    },
    /// Everything is taken.
    #[error(
        "cannot create the swarm: no address pool is clear of the VPC, of this host's routes and networks and of \
         engine.avoid; set swarm.address_pool"
    )]
    NoPool,
    /// EC2's answer did not hold this node's own instance: it says nothing about others.
    #[error("cannot rely on EC2's answer: it does not know this node's own instance")]
    PartialAnswer,
    /// EC2 says nothing about some instances, and has said of the others what it says.
    #[error("cannot learn of {0}: EC2 answers for other zones than theirs")]
    Silent(String),
    /// Others could not join the swarm that this node would make.
    #[error(
        "cannot make the swarm yet: the clock of this host is wrong by {0}; have it set, as chrony does from 169.254.169.123"
    )]
    Clock(String),
    /// A leader's chore goes on when AWS answers, or after this long.
    #[error("cannot go on yet: AWS has not answered")]
    NotYet(Option<Duration>),
    /// Another agent's swarm is newer.
    #[error("cannot publish the ticket: epoch {0} is newer than this swarm's")]
    Superseded(protocol::Epoch),
}

impl<O: Outside> Agent<O> {
    /// An agent that remembers what this instance's state folder holds.
    pub fn new(
        identity: InstanceIdentity,
        settings: Settings,
        edges: Edges<O>,
    ) -> Result<Self, StateError> {
        let memory = StateFolder::new(&settings.state_dir, &identity.instance_id);
        let now = edges.now();
        let own = Own {
            instance_id: identity.instance_id.clone(),
            role: identity.role,
            address: (identity.private_ip, SWARM_PORT).into(),
            group: identity.group.clone(),
            boot: edges.clock.boot(),
        };
        let policy = Policy {
            claim_patience: settings.swarm.claim_patience,
            recovery: settings.swarm.recovery,
            departure: settings.departure.rules,
            launch: settings.launch.hook.then_some(LaunchRules {
                budget: settings.launch.budget,
                on_failure: settings.launch.on_failure,
            }),
        };
        let files = Files {
            waited: waited::read(&settings.runtime_dir),
            ..memory.recall()?
        };
        let node = Node::start(own, policy, files, now);
        let names = Names::new(&settings.aws.parameter_prefix, &identity.cluster);
        let chores = Chores::default();
        Ok(Self {
            identity,
            vpc_cidrs: Vec::new(),
            settings,
            names,
            edges,
            memory,
            node,
            chores,
            lanes: Rc::default(),
            busy: Busy::default(),
            seen: None,
            story: Story::default(),
            trace: Trace::default(),
            metrics: Metrics::default(),
        })
    }

    /// The same agent, in a VPC of these address blocks.
    #[must_use]
    pub fn in_vpc(mut self, vpc_cidrs: Vec<Ipv4Net>) -> Self {
        self.vpc_cidrs = vpc_cidrs;
        self
    }

    /// The same agent, which counts there.
    #[must_use]
    pub fn with_metrics(mut self, metrics: &Metrics) -> Self {
        let (instance, cluster) = (&self.identity.instance_id, &self.identity.cluster);
        metrics.identified(instance, cluster.as_str(), self.identity.role);
        self.chores.failures = metrics.chores();
        self.metrics = metrics.clone();
        self
    }

    /// The same agent, which goes on with what was written down of its start.
    #[must_use]
    pub(crate) fn with_trace(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// Where this node's manager listens, if it is one.
    fn address(&self) -> SocketAddr {
        (self.identity.private_ip, SWARM_PORT).into()
    }

    /// Folds in what was learnt just now.
    fn learn(&mut self, event: Event<'_>) {
        let now = self.edges.now();
        self.node.learn(event, now);
    }

    /// Has on disk what is to be there. A file that nothing waits for may fail, and is not tried again.
    fn save(&mut self) -> Result<(), StateError> {
        while let Some(file) = self.node.unsaved() {
            let (name, is_needed) = (file.name(), file.is_needed());
            if let File::Waited(waited) = file {
                self.leave_waited(waited);
            } else if let Err(error) = self.memory.save(&file) {
                if is_needed {
                    return Err(error);
                }
                warn!(%error, "goes on, but a restart of the agent may not know of it");
            }
            self.learn(Event::Saved(name));
        }
        Ok(())
    }

    /// Of this boot: for an agent that is started anew.
    fn leave_waited(&self, waited: Waited) {
        if let Err(error) = waited::leave(waited, &self.settings.runtime_dir) {
            warn!(%error, "the heartbeat is not on record");
        }
    }

    /// This node's nonce of an epoch, drawn and on disk before it is used.
    fn draw_nonce(&mut self, epoch: Epoch) -> Result<String, StateError> {
        if let Some(nonce) = self.node.nonce(epoch) {
            let nonce = nonce.to_owned();
            self.save()?;
            return Ok(nonce);
        }
        let nonce = format!("{:032x}", rand::random::<u128>());
        self.learn(Event::Nonce(epoch, nonce.clone()));
        self.save()?;
        Ok(nonce)
    }
}

/// The CA digest of the worker token now in force.
fn digest(token: SecretString) -> Result<(JoinToken, String), TicketError> {
    let token = JoinToken::parse(token)?;
    let digest = token.ca_digest().to_owned();
    Ok((token, digest))
}
