//! Has the instance's group wait while packages are installed, which may take longer than its launching hook
//! waits by itself.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, info, warn};

use crate::config::Settings;
use crate::identity::InstanceIdentity;
use crate::run::{Chance as _, Clock, Dice};
use aws::CloudError;
use aws::lifecycle::{Hook, Lifecycle, Transition, Waiting};
use protocol::node::launch::Waited;
use protocol::pace::{self, Gaps};
use view::status::launch;

/// What takes no longer than this takes no call: packages are there, or they do not exist.
const SHORT: Duration = Duration::from_secs(1);
/// Whoever is not ready after this is not waited for any more. As long as the unit may take
/// (`TimeoutStartSec=` of swarmlet-prepare.service).
pub(super) const LONGEST: Duration = Duration::from_mins(45);
/// The kernel counts in ticks of a hundredth second for programs, on every machine (`USER_HZ`).
const TICKS: u64 = 100;

/// A group that may wait for this instance.
struct Group<'a, C> {
    name: &'a str,
    instance: &'a str,
    runtime_dir: &'a Path,
    clock: &'a C,
    waited: Waited,
}

/// Does the work, and has the group wait meanwhile if that takes long. What fails here fails nothing else.
pub(super) async fn meanwhile<T, L: Lifecycle>(
    work: impl Future<Output = T>,
    node: &InstanceIdentity,
    settings: &Settings,
    scaling: impl FnOnce() -> L,
    clock: &impl Clock,
) -> T {
    let Some(mut group) = Group::of(node, settings, clock) else {
        return work.await;
    };
    tokio::select! {
        biased;
        done = work => done,
        never = group.keep_waiting(scaling) => match never {},
    }
}

impl<'a, C: Clock> Group<'a, C> {
    /// The one that launched the instance. When this boot began is left for the agent.
    fn of(node: &'a InstanceIdentity, settings: &'a Settings, clock: &'a C) -> Option<Self> {
        let name = node.group.as_deref().filter(|_| settings.launch.hook)?;
        let mut waited = launch::read(&settings.runtime_dir);
        if waited.booted.is_none() {
            waited.booted = booted(&settings.host_path("/proc/1/stat"));
            leave(waited, &settings.runtime_dir);
        }
        Some(Self {
            name,
            instance: &node.instance_id,
            runtime_dir: &settings.runtime_dir,
            clock,
            waited,
        })
    }

    async fn keep_waiting<L: Lifecycle>(&mut self, scaling: impl FnOnce() -> L) -> Infallible {
        sleep(SHORT).await;
        let scaling = scaling();
        let hooks = self.hooks(&scaling).await;
        if let Some(timeout) = hooks.iter().map(|hook| hook.timeout).min() {
            self.beat(&scaling, &hooks, timeout).await;
        }
        std::future::pending().await
    }

    async fn hooks(&self, scaling: &impl Lifecycle) -> Vec<Hook> {
        let mut failures = 0;
        loop {
            match scaling.hooks(self.name).await {
                Ok(mut hooks) => {
                    hooks.retain(|hook| hook.transition == Transition::Launching);
                    return hooks;
                }
                Err(error) => {
                    failures += 1;
                    if failures == 1 {
                        warn!("cannot ask whether the group waits for this instance: {error}");
                    }
                    sleep(after(&error, failures)).await;
                }
            }
        }
    }

    /// Until the group says that it does not wait, or has waited for very long.
    async fn beat(&mut self, scaling: &impl Lifecycle, hooks: &[Hook], timeout: Duration) {
        let every = pace::beat_every(timeout);
        let begun = self.waited.booted.unwrap_or(self.now());
        let (mut refused, mut failures) = (0, 0);
        let mut rest = self.until_due(every);
        loop {
            sleep(rest).await;
            let now = self.now();
            if now.saturating_sub(begun) > LONGEST.as_secs() {
                return warn!("the group is not asked to wait any longer");
            }
            rest = match self.say(scaling, hooks).await {
                Ok(Waiting::Heard) => {
                    (refused, failures) = (0, 0);
                    if self.waited.beaten.replace(now).is_none() {
                        info!("the group waits for this instance while packages are installed");
                    }
                    leave(self.waited, self.runtime_dir);
                    every
                }
                Ok(Waiting::NotWaiting) if refused > 0 => {
                    return debug!("the group does not wait for this instance");
                }
                Ok(Waiting::NotWaiting) => {
                    refused += 1;
                    pace::NOT_WAITING_GAP
                }
                Err(error) => {
                    failures += 1;
                    if failures == 1 {
                        warn!("cannot have the group wait for this instance: {error}");
                    }
                    after(&error, failures).min(every)
                }
            };
        }
    }

    async fn say(&self, scaling: &impl Lifecycle, hooks: &[Hook]) -> Result<Waiting, CloudError> {
        let mut heard = Waiting::NotWaiting;
        for hook in hooks {
            let said = scaling.heartbeat(self.name, &hook.name, self.instance);
            if said.await? == Waiting::Heard {
                heard = Waiting::Heard;
            }
        }
        Ok(heard)
    }

    /// The hook's time began with this boot, if it has heard nothing since; where even that is not known, it
    /// hears at once.
    fn until_due(&self, every: Duration) -> Duration {
        let began = self.waited.beaten.or(self.waited.booted);
        let left = began.and_then(|began| {
            let age = Duration::from_secs(self.now().saturating_sub(began));
            pace::remaining(every, age)
        });
        left.unwrap_or_default()
    }

    fn now(&self) -> u64 {
        self.clock.uptime().as_secs()
    }
}

/// Instances that were launched together are refused together: each waits some part of a gap that doubles.
fn after(error: &CloudError, failures: u32) -> Duration {
    let CloudError::Throttled { .. } = error else {
        return Gaps::TROUBLE.after(failures);
    };
    let gap = Gaps::THROTTLED.after(failures);
    Dice.within(gap).max(gap / 50)
}

fn leave(waited: Waited, runtime_dir: &Path) {
    if let Err(error) = launch::leave(waited, runtime_dir) {
        warn!(%error, "the agent will not know since when the group waits");
    }
}

/// When the system's first process started, in seconds of `CLOCK_BOOTTIME` (field 22 of `proc_pid_stat(5)`). That
/// clock is the machine's, and in a container another's.
fn booted(stat: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(stat).ok()?;
    // The second field is a name in brackets, with whatever in it.
    let (_, rest) = text.rsplit_once(')')?;
    let ticks: u64 = rest.split_whitespace().nth(19)?.parse().ok()?;
    Some(ticks / TICKS)
}

#[cfg(test)]
#[path = "launch_tests.rs"]
mod tests;
