//! Which managers a group of EC2 Auto Scaling may end where it has no terminating hook: all but as many as raft
//! can spare at the moment are protected from scale-in.
//!
//! A scale-in, a rebalancing over zones and an instance refresh leave the protected alone; what EC2 ends, or a
//! person, ends all the same (Auto Scaling User Guide, "Use instance scale-in protection").

mod choice;
mod facts;
mod groups;
mod state;
mod steps;

pub use choice::EXCESS;
pub use state::{ManagersGroup, Protection, Wanted};

use std::time::Duration;

use crate::facts::groups::{Group, Hooked};
use crate::leader::Change;

/// What the leader does next about the managers' groups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Nothing so long: Auto Scaling has not done what it was asked.
    Hold(Duration),
    /// Ask this first, and look again with the answer.
    Ask(Question),
    /// These, each resting on those before it; look again after so long, if there is something to look at.
    Do(Vec<Step>, Option<Duration>),
}

/// One step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A node's entry is to say so.
    Record(Change),
    /// Auto Scaling is asked to do so.
    Ask(Question),
}

/// What Auto Scaling is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// Which hooks these groups have.
    Hooks(Vec<String>),
    /// What these groups are.
    Describe(Vec<String>),
    /// To do this, one after the other.
    Protect(Vec<Protect>),
}

/// Instances of a group that it must not end, or may end again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Protect {
    /// The group's name.
    pub group: String,
    /// Which.
    pub instances: Vec<String>,
    /// It must not end them.
    pub protected: bool,
}

/// What came of one call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Done {
    /// The hooks of the group of this name.
    Hooks(String, Hooked),
    /// All of those that were asked for.
    Described(Vec<Group>),
    /// It does so now.
    Protected(Protect),
}
