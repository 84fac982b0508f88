//! What an Auto Scaling group waits for at the begin and the end of its instances.

use std::time::Duration;

/// What a hook holds up.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Transition {
    /// `autoscaling:EC2_INSTANCE_LAUNCHING`
    Launching,
    /// `autoscaling:EC2_INSTANCE_TERMINATING`
    Terminating,
}

/// A hook of a group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// What it holds up.
    pub transition: Transition,
    /// How long it waits without a heartbeat.
    pub timeout: Duration,
}

impl Hook {
    /// A hook's time limit where it is not known: the shortest that there is (30 s, `HeartbeatTimeout` of
    /// `PutLifecycleHook`).
    const SHORTEST: Duration = Duration::from_secs(30);

    /// A hook of an instance's end of which only the name is known.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            transition: Transition::Terminating,
            timeout: Self::SHORTEST,
        }
    }
}

/// What a departing node asks of Auto Scaling.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum HookCall {
    /// Which hooks wait for it.
    List,
    /// That they wait for as long again.
    Beat,
    /// That its group goes on.
    Complete,
}

/// What became of a call about a hook.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Waiting {
    /// The group waited, and has heard.
    Heard,
    /// It does not wait: not yet, or no more ("No active Lifecycle Action found").
    NotWaiting,
}
