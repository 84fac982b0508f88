//! The state of one node: everything that its decisions rest on, as plain data.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crate::departure::latch::{Heard, Rules};
use crate::departure::notice::Target;
use crate::departure::{Cause, Departure};
use crate::facts::hooks::{HookCall, Transition};
use crate::node::decide::decide;
use crate::node::engine_cache::EngineCache;
use crate::node::files::{FileName, Files};
use crate::node::launch::{LaunchRules, Launching};
use crate::node::progress::Progress;
use crate::{
    Answer, Availability, Decision, EngineState, Epoch, Identity, Instances, Kind, Membership,
    Moment, Observation, Peer, Probed, RecoveryMode, Registers, Role, Series, Stamp, Ticket,
    Trouble, Validity, Verdict, pace,
};

/// Who this node is, for the decisions: fixed at the start.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Own {
    /// Its instance.
    pub instance_id: String,
    /// Its role, from the instance's tags.
    pub role: Role,
    /// Where its manager listens, if it is one.
    pub address: SocketAddr,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
    /// This boot of the machine.
    pub boot: String,
}

/// What the settings say of the decisions: fixed at the start.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Policy {
    /// How long a holder of a claim whose instance lives is waited for.
    pub claim_patience: Duration,
    /// Who decides about a recovery; by the number of managers, if not set.
    pub recovery: Option<RecoveryMode>,
    /// What is said of departures.
    pub departure: Rules,
    /// Whether managers are usually given tasks: only where they are is a drained one kept from its work.
    pub manager_availability: Availability,
    /// What is said of launches; nothing where no hook is to hear of them.
    pub launch: Option<LaunchRules>,
}

/// All that a node knows. It is read by decisions, status and journal, and changes by [`Node::learn`] alone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Node {
    pub(super) own: Own,
    pub(super) policy: Policy,
    /// The disk, as it is to be.
    pub(super) files: Files,
    /// Which of its files are not yet.
    pub(super) unsaved: BTreeSet<FileName>,
    /// When this node did what cannot be undone.
    pub(super) acted: Option<Stamp>,
    // The engine.
    pub(super) engine: Option<Series<EngineState>>,
    /// It says that its swarm part has failed: also where it tries again in between, until it is in a swarm or in none. While
    /// a certificate is not valid yet nothing is proved, so what comes of it counts from when it is.
    pub(super) failing: Option<Series<Option<Validity>>>,
    pub(super) cache: EngineCache,
    pub(super) unlock: Option<Series<Answer<()>>>,
    pub(super) left: Option<Stamp>,
    /// Why joins failed.
    pub(super) join: Option<Series<String>>,
    // Parameter Store.
    pub(super) ticket: Option<Series<Answer<Option<Ticket>>>>,
    /// Which node this instance is, as last written down there.
    pub(super) recorded: Option<Series<Answer<String>>>,
    /// Until when the ticket is not read.
    pub(super) held: Option<Stamp>,
    pub(super) registers: Option<Series<Answer<Registers>>>,
    /// The nonce of the claim that is waited for.
    pub(super) awaited: Option<Series<String>>,
    // Managers and EC2.
    pub(super) probes: Option<Series<Answer<Vec<Probed>>>>,
    /// What managers say, and how many of them know no leader.
    pub(super) standing: Option<Series<(Verdict, usize)>>,
    pub(super) instances: Instances,
    /// This node's own, by its entry: while it is a manager, which is all who can tell.
    pub(super) availability: Option<Availability>,
    // On the way out.
    pub(super) heard: Heard,
    pub(super) consent: bool,
    pub(super) progress: Progress,
    // On the way in.
    pub(super) launching: Launching,
}

/// What a round does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Look at the engine, and ask again what to do.
    Look {
        /// There is something to fetch meanwhile: an engine that does not answer at once is down.
        at_once: bool,
    },
    /// Take a step.
    Do(Box<Step>),
}

/// A step, and all that it rests on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What to do, and why.
    pub decision: Decision,
    /// The facts.
    pub seen: Observation,
}

impl Node {
    /// A node whose agent starts, with what is on its disk. A crash is this call.
    pub fn start(own: Own, policy: Policy, files: Files, now: Moment) -> Self {
        let departure = files.departure.map(|departure| Departure {
            // The engine's labels of an earlier boot are made anew, without that one.
            announced: departure.announced.filter(|_| departure.boot == own.boot),
            // What goes on in this boot is said in it: a restart of the agent must not take that for an earlier boot's.
            boot: if departure.cause.outlasts_boot() {
                own.boot.clone()
            } else {
                departure.boot.clone()
            },
            ..departure
        });
        Self {
            own,
            policy,
            acted: files.acts.age(now).map(|age| now.ago(age)),
            files: Files { departure, ..files },
            unsaved: BTreeSet::new(),
            engine: None,
            failing: None,
            cache: EngineCache::default(),
            unlock: None,
            left: None,
            join: None,
            ticket: None,
            recorded: None,
            held: None,
            registers: None,
            awaited: None,
            probes: None,
            standing: None,
            instances: Instances::default(),
            availability: None,
            heard: Heard::default(),
            consent: false,
            progress: Progress::default(),
            launching: Launching::default(),
        }
    }

    /// What this round does: a look at the engine, where none serves, or a step.
    pub fn next(&self, now: Moment) -> Next {
        let look = Next::Look {
            at_once: self.is_blank() && self.files.departure.is_none(),
        };
        let Some(engine) = self.engine.as_ref().filter(|_| self.cache.serves(now)) else {
            return look;
        };
        let seen = self.seen(engine, now);
        let decision = decide(&seen);
        if decision.action.is_drastic() && !self.cache.is_of_this_round() {
            return look;
        }
        Next::Do(Box::new(Step { decision, seen }))
    }

    /// Nothing is known yet, and there is no membership that would make it needless.
    pub fn is_blank(&self) -> bool {
        self.files.membership.is_none() && self.ticket.is_none()
    }

    /// The swarm that this node belongs to, as it remembers it.
    pub fn membership(&self) -> Option<&Membership> {
        self.files.membership.as_ref()
    }

    /// That swarm's epoch.
    pub fn epoch(&self) -> Option<Epoch> {
        self.files
            .membership
            .as_ref()
            .map(|membership| membership.epoch)
    }

    /// The managers of that swarm, as they were last listed.
    pub fn peers(&self) -> &[Peer] {
        &self.files.peers
    }

    /// The ticket as last read, and when.
    pub fn ticket_read(&self) -> Option<&Series<Answer<Option<Ticket>>>> {
        self.ticket.as_ref()
    }

    /// The ticket, if the last look has shown one.
    pub fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()?.answer()?.as_ref()
    }

    /// The registers of one epoch, if the last look has shown them.
    pub fn registers(&self) -> Option<&Registers> {
        self.registers.as_ref()?.answer()
    }

    /// How long the ticket is not read yet, whatever else happens meanwhile.
    pub fn held(&self, now: Moment) -> Option<Duration> {
        self.held?.left(now)
    }

    /// EC2's word.
    pub fn instances(&self) -> &Instances {
        &self.instances
    }

    /// EC2's word, for a leader, who asks on its own account.
    pub fn instances_mut(&mut self) -> &mut Instances {
        &mut self.instances
    }

    /// Of which kind the engine's state was when it was last looked at.
    pub fn kind(&self) -> Option<Kind> {
        self.engine.as_ref().map(|seen| seen.value().kind())
    }

    /// The engine's state as of the last look, while it is as good as one of now.
    pub fn engine(&self) -> Option<&EngineState> {
        self.engine.as_ref().map(Series::value)
    }

    /// Who this node is, by its engine's word.
    pub fn identity(&self) -> Option<&Identity> {
        self.engine()?.identity()
    }

    /// Docker's id of this node, while the engine is in a swarm.
    pub fn node_id(&self) -> Option<&str> {
        self.identity()?.node_id.as_deref()
    }

    /// The swarm that this node's engine is in.
    pub fn swarm_id(&self) -> Option<&str> {
        self.identity()?.swarm_id.as_deref()
    }

    /// This node as a member of that swarm, which is of that epoch, if its engine is in one.
    pub fn member_of(&self, swarm_id: String, epoch: Epoch) -> Option<Membership> {
        let EngineState::Active(member) = self.engine()? else {
            return None;
        };
        Some(Membership {
            instance_id: self.own.instance_id.clone(),
            node_id: member.identity.node_id.clone()?,
            swarm_id,
            epoch,
        })
    }

    /// Who decides about a recovery.
    pub fn recovery_mode(&self) -> RecoveryMode {
        let few = self.files.peers.len() < 3;
        let usual = if few {
            RecoveryMode::Auto
        } else {
            RecoveryMode::Ask
        };
        self.policy.recovery.unwrap_or(usual)
    }

    /// The departure that has begun.
    pub fn departure(&self) -> Option<&Departure> {
        self.files.departure.as_ref()
    }

    /// Why this node departs, while it does.
    pub fn cause(&self) -> Option<Cause> {
        let going = self.files.departure.as_ref().filter(|d| !d.withdrawn);
        going.map(|departure| departure.cause)
    }

    /// The group's hooks that have not heard yet that this node is done.
    pub fn open_hooks(&self) -> impl Iterator<Item = &str> {
        self.progress.open()
    }

    /// What Auto Scaling is being asked for the departure.
    pub fn asked(&self) -> Option<HookCall> {
        self.progress.asked()
    }

    /// Which of the group's hooks may wait for this node: those of its end, and in a warm pool, which an instance may
    /// enter from either side, all.
    pub(super) fn waits_for(&self) -> Option<&'static [Transition]> {
        let departure = self.files.departure.as_ref().filter(|d| !d.completed)?;
        self.own.group.as_ref()?;
        match (self.heard.notices.target, departure.cause) {
            (Some(Target::Warmed), _) | (None, Cause::WarmPool) => {
                Some(&[Transition::Launching, Transition::Terminating])
            }
            (Some(Target::Terminated), _) | (_, Cause::ScaleIn) => Some(&[Transition::Terminating]),
            _ => None,
        }
    }

    /// How many times in a row the ticket could not be read, if the last time was for too many requests.
    pub(super) fn refusals(&self) -> Option<u32> {
        let ticket = self.ticket.as_ref()?;
        matches!(ticket.value(), Err(Trouble::Throttled(_))).then_some(ticket.looks())
    }

    /// For how long the claim that is waited for has been seen.
    pub(super) fn has_waited(&self, now: Moment) -> Duration {
        let awaited = self.awaited.as_ref();
        let waited = awaited.map(|claim| claim.so_far(pace::SERIES, now));
        waited.unwrap_or_default()
    }
}
