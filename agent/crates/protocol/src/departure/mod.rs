//! A departure: why, until when, and how far it has come.

pub mod latch;
pub mod notice;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Reading;
use crate::departure::notice::SpotAction;
use crate::facts::hooks::{Hook, HookCall, Transition};

/// Why a node departs, the weaker first: a stronger cause takes a departure over.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// `swarmlet drain`: it stays a member and runs no tasks.
    Drain,
    /// The host under the instance is retired.
    Maintenance,
    /// Spot recommends to replace the instance.
    Rebalance,
    /// The instance waits in a warm pool.
    WarmPool,
    /// `swarmlet leave`
    Leave,
    /// Spot puts the instance to sleep.
    SpotHibernate,
    /// Spot stops the instance.
    SpotStop,
    /// Spot takes the instance back.
    SpotTerminate,
    /// Auto Scaling terminates the instance.
    ScaleIn,
}

impl Cause {
    /// Whether it is the same departure also in the next boot of the machine.
    pub(crate) fn outlasts_boot(self) -> bool {
        match self {
            Self::Drain | Self::WarmPool | Self::Leave | Self::SpotTerminate | Self::ScaleIn => {
                true
            }
            Self::Maintenance | Self::Rebalance | Self::SpotHibernate | Self::SpotStop => false,
        }
    }
}

impl From<SpotAction> for Cause {
    fn from(action: SpotAction) -> Self {
        match action {
            SpotAction::Terminate => Self::SpotTerminate,
            SpotAction::Stop => Self::SpotStop,
            SpotAction::Hibernate => Self::SpotHibernate,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drain => "an operator drains this node",
            Self::Maintenance => "AWS retires this instance's host",
            Self::Rebalance => "spot recommends to replace this instance",
            Self::WarmPool => "this instance is in a warm pool",
            Self::Leave => "an operator takes this node out of the swarm",
            Self::SpotHibernate => "spot puts this instance to sleep",
            Self::SpotStop => "spot stops this instance",
            Self::SpotTerminate => "spot takes this instance back",
            Self::ScaleIn => "Auto Scaling terminates this instance",
        })
    }
}

/// What an operator asked for, by `swarmlet leave`, `drain` and `activate`.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Leave, and stay out.
    Leave,
    /// Run no tasks.
    Drain,
    /// Take either back, and overrule AWS's advice for the rest of this boot.
    Activate {
        /// Which boot.
        boot: String,
    },
}

/// The one departure of a node, on disk from its begin.
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts that do not exclude each other"
)]
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// Why.
    pub cause: Cause,
    /// Until when it may take, in seconds since the Unix epoch; `None` where nothing presses.
    pub deadline: Option<u64>,
    /// Until when it stays in the swarm for what load balancers still send it, in seconds since the Unix epoch; the deadline
    /// goes before it. `None` where nothing is waited for; then it is not written, as earlier agents did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_until: Option<u64>,
    /// The boot in which it began: some causes end with it.
    pub boot: String,
    /// When the node said so by its engine's labels.
    pub announced: Option<u64>,
    /// It has said so in its own entry, as a manager.
    pub marked: bool,
    /// It has left the swarm.
    pub left: bool,
    /// Auto Scaling has been told that it may go on.
    pub completed: bool,
    /// The cause is gone: what was said has to be taken back.
    pub withdrawn: bool,
}

impl Departure {
    /// What is left of its time at `now`; `None` where nothing presses.
    pub fn remaining(&self, now: u64) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(Duration::from_secs(deadline.saturating_sub(now)))
    }

    /// What is left at `now` of the time in which it forwards what load balancers still send it.
    pub fn forwards(&self, now: u64) -> Duration {
        let until = self.traffic_until.unwrap_or_default();
        Duration::from_secs(until.saturating_sub(now))
    }

    /// What the others read: when it ends, or 0 where nothing presses.
    pub fn told(&self) -> u64 {
        self.deadline.unwrap_or_default()
    }
}

/// A departure, as a round sees it.
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts that do not exclude each other"
)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Departing {
    /// Why.
    pub cause: Cause,
    /// What is left of its time; `None` where nothing presses.
    pub remaining: Option<Duration>,
    /// What is left of the time in which it forwards what load balancers still send it.
    pub forwards: Duration,
    /// What the others read of that: when it ends, in seconds since the Unix epoch, or 0.
    pub until: u64,
    /// The cause is gone: what was said has to be taken back.
    pub withdrawn: bool,
    /// How long ago the node said so by its engine's labels.
    pub announced: Option<Duration>,
    /// It has said so in its own entry, as a manager.
    pub marked: bool,
    /// It has left the swarm.
    pub left: bool,
    /// What was said is of a drain, and the node goes for good by now: it has to be said again, with a time.
    pub again: bool,
    /// The last try to say so, or to take it back.
    pub telling: Option<Reading<()>>,
    /// How many of the swarm's tasks ran here at the last look.
    pub tasks: Option<Reading<usize>>,
    /// The last try to leave.
    pub leaving: Option<Reading<()>>,
    /// What Auto Scaling waits for.
    pub hold: Option<Hold>,
}

impl Departing {
    /// Whether its time is up.
    pub fn is_due(&self) -> bool {
        self.remaining.is_some_and(|left| left.is_zero())
    }
}

/// Auto Scaling waits for this node, or may do so.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hold {
    /// The call that is under way: nothing else is asked before it is answered, but that Auto Scaling goes on.
    pub asked: Option<HookCall>,
    /// How long the departure has gone on; as long as can be where it began before the agent did.
    pub since: Duration,
    /// What the hooks that may wait hold up.
    pub kinds: &'static [Transition],
    /// The group's hooks.
    pub hooks: Option<Reading<Vec<Hook>>>,
    /// The names of those that have not heard yet that this node is done.
    pub open: Vec<String>,
    /// The last heartbeat.
    pub beat: Option<Reading<()>>,
    /// The last try to have Auto Scaling go on that was not its end: it failed, or Auto Scaling
    /// said that it does not wait, which it also says of an instance it waits for in a moment.
    pub completing: Option<Reading<()>>,
    /// How long until the first question: a whole group may be leaving.
    pub first: Duration,
    /// How long until the first word that this node is done.
    pub word: Duration,
}
