//! What an Auto Scaling group hears of an instance that it has launched.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::facts::hooks::Hook;
use crate::{Answer, Reading, Series, Trouble, pace};

/// The agent is this old before it asks for the group's hooks without having joined: where all is well it
/// asks once, when it has.
const PATIENCE: Duration = Duration::from_secs(5);
/// What has to be said before a hook runs out is said this long before, or, where its time is short, a
/// quarter of that time before.
const MARGIN: Duration = Duration::from_mins(1);
/// Heartbeats keep a hook waiting for a hundred times its time-out at most, and not beyond two days
/// (`GlobalTimeout` of `DescribeLifecycleHooks`).
const MOST_BEATS: u32 = 100;
const LONGEST_WAIT: Duration = Duration::from_hours(48);

/// What to do about an instance that did not join in time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The group is to replace it.
    Abandon,
    /// Nothing: it may join yet, while the hook waits.
    Wait,
}

/// How far the launch of this instance has come.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Launched {
    /// It has been in the swarm.
    pub joined: bool,
    /// Its group has heard how it went.
    pub told: bool,
    /// When the agent first ran on it while it was on its way into service, in seconds since the machine's boot.
    #[serde(default)]
    pub since: Option<u64>,
    /// In which boot that was.
    #[serde(default)]
    pub boot: String,
    /// The launch did not begin with this boot.
    #[serde(default)]
    pub again: bool,
    /// The shortest time limit of the group's hooks for an instance's end, in seconds, as it was told with those of the
    /// launch. A departure asks again, and this says how soon it has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_hook: Option<u64>,
}

/// What the settings say of launches.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LaunchRules {
    /// How long an instance may take to join; as long as its hook waits, if not set.
    pub budget: Option<Duration>,
    /// What to do if that was not enough.
    pub on_failure: OnFailure,
}

/// Since when the group waits, in seconds since the machine's boot. It is of this boot alone.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Waited {
    /// When this boot began, if that is known.
    pub booted: Option<u64>,
    /// When a launching hook last heard a heartbeat, in this boot.
    pub beaten: Option<u64>,
}

/// What was tried since the agent started.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Launching {
    /// The last try to tell the group.
    pub(super) last: Option<Series<Answer<()>>>,
    /// The next one is under way.
    pub(super) asked: bool,
    /// The group's launching hooks, the one with the shortest time first, once they were asked for: who is launched already is not
    /// held up by others.
    pub(super) hooks: Option<Vec<Hook>>,
}

/// Whether an instance is in the swarm, or has been at any time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Belongs {
    /// It never was.
    Never,
    /// It was, and is to leave, or has left.
    Was,
    /// It was, and is to be again: its swarm has no leader, or has removed it.
    Returns,
    /// It is.
    Member,
}

/// How it stands with a launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The group wants the instance in service.
    pub in_service: bool,
    /// Whether it is in the swarm.
    pub belongs: Belongs,
    /// How long ago the agent first ran on it.
    pub age: Duration,
    /// How long it may take to join; as long as its hook waits, if not set.
    pub budget: Option<Duration>,
    /// What to do if that was not enough.
    pub on_failure: OnFailure,
    /// The group's launching hook; none while it was not asked for.
    pub hook: Option<LaunchHook>,
    /// The last call, if it did not do what it was for: it failed, or the group said that it does not wait,
    /// which it also says of an instance it waits for in a moment.
    pub last: Option<Reading<()>>,
}

/// A launching hook that waits; of several the one with the shortest time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaunchHook {
    /// How long it waits without a heartbeat.
    pub timeout: Duration,
    /// How long ago that time began, or began anew; none where it is not known.
    pub running: Option<Duration>,
    /// How long it has waited in all, as far as is known.
    pub waited: Duration,
}

/// What the group is to hear, or to be asked.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Word {
    /// For its hooks.
    Ask,
    /// The instance needs longer: a heartbeat.
    Longer,
    /// The instance is ready.
    Ready,
    /// It failed.
    Failed,
}

/// What the group is to hear now, if anything; or else how long until it is time to look again.
pub fn word(launch: &Launch) -> Result<Duration, Word> {
    let word = match due(launch) {
        Ok(left) => return Ok(left),
        Err(word) => word,
    };
    let gap = |last: &Reading<()>| match &last.value {
        Ok(()) => pace::remaining(pace::NOT_WAITING_GAP, last.age),
        Err(_) => pace::remaining(after_failure(launch, last), last.age),
    };
    launch.last.as_ref().and_then(gap).ok_or(word)
}

fn due(launch: &Launch) -> Result<Duration, Word> {
    if !launch.in_service {
        return Ok(pace::ROUND);
    }
    match launch.belongs {
        Belongs::Member => return Err(Word::Ready),
        Belongs::Returns => return launch.hook.map_or(Ok(pace::ROUND), |hook| hook.kept()),
        Belongs::Was => return Ok(pace::ROUND),
        Belongs::Never if launch.on_failure == OnFailure::Wait => return Ok(pace::ROUND),
        Belongs::Never => {}
    }
    let budget = launch.budget;
    let left = budget.map(|budget| pace::remaining(budget, launch.age).ok_or(Word::Failed));
    let left = left.transpose()?;
    match launch.hook {
        None => pace::remaining(PATIENCE, launch.age).ok_or(Word::Ask),
        Some(hook) => hook.due(left),
    }
}

/// The gaps grow, but not beyond what a hook bears.
fn after_failure(launch: &Launch, last: &Reading<()>) -> Duration {
    let gap = match last.value {
        Err(Trouble::Throttled(_)) => pace::Gaps::LAUNCH.gap(last),
        _ => pace::Gaps::LAUNCH.after(last.looks),
    };
    match launch.hook {
        Some(hook) => gap.min(hook.margin()),
        None => gap,
    }
}

impl LaunchHook {
    /// What is due while the instance has not joined and has `left` of its budget, if one is set.
    fn due(&self, left: Option<Duration>) -> Result<Duration, Word> {
        // A heartbeat, and it is known.
        let running = self.running.ok_or(Word::Longer)?;
        let Some(left) = left else {
            return pace::remaining(self.say_by(), running).ok_or(Word::Failed);
        };
        let kept = pace::remaining(self.most(), self.waited);
        let left = left.min(kept.ok_or(Word::Failed)?);
        if running + left <= self.say_by() {
            return Ok(left);
        }
        let beat = pace::remaining(pace::beat_every(self.timeout), running);
        beat.map(|beat| beat.min(left)).ok_or(Word::Longer)
    }

    /// It goes on waiting for a node that was in the swarm and will be again, as long as heartbeats keep it.
    fn kept(&self) -> Result<Duration, Word> {
        if pace::remaining(self.most(), self.waited).is_none() {
            return Ok(pace::ROUND);
        }
        let running = self.running.ok_or(Word::Longer)?;
        let beat = pace::remaining(pace::beat_every(self.timeout), running);
        beat.map(|left| left.min(pace::ROUND)).ok_or(Word::Longer)
    }

    /// How long heartbeats keep it, less what a last word takes.
    fn most(&self) -> Duration {
        let most = (self.timeout * MOST_BEATS).min(LONGEST_WAIT);
        most.saturating_sub(self.margin())
    }

    /// How long it may have run when the last word is said.
    fn say_by(&self) -> Duration {
        self.timeout.saturating_sub(self.margin())
    }

    fn margin(&self) -> Duration {
        MARGIN.min(self.timeout / 4)
    }
}

#[cfg(test)]
#[path = "launch_tests.rs"]
mod tests;
