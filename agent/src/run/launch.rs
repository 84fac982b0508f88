//! Tells the Auto Scaling group how the launch of this instance went, once.

use std::path::Path;
use std::time::Duration;

use tracing::{info, warn};

use super::{Agent, Clock, Outside};
use aws::CloudError;
use aws::lifecycle::{Hook, Lifecycle, Transition, Verdict, Waiting};
use host::state_folder::StateError;
use protocol::departure::notice::Target;
use protocol::node::launch::{self, Belongs, Launch, Launched, Word};
use protocol::{Answer, Kind, Moment, Series, Trouble};
use view::status::launch::Waited;

/// How often in one go it is looked at what is due; the rest waits for the next round.
const LOOKS: u32 = 5;

/// What is known of the launch of this instance, and of its group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Launching {
    /// How far it has come: on disk as well.
    launched: Launched,
    /// Since when the group waits.
    waited: Waited,
    /// The last try to tell the group.
    last: Option<Series<Answer<()>>>,
    /// The group's launching hooks, once they were asked for: who is launched already is not held up by others.
    hooks: Option<Vec<Hook>>,
}

impl Launching {
    pub(super) fn new(launched: Launched, runtime_dir: &Path) -> Self {
        Self {
            launched,
            waited: Waited::read(runtime_dir),
            last: None,
            hooks: None,
        }
    }

    /// The node has left its swarm: what was known of its launch is of no use any more.
    pub(super) fn forget(&mut self) {
        self.waited = Waited::default();
        self.hooks = None;
    }
}

impl<O: Outside> Agent<O> {
    /// Does what is due; says when to look again. What fails here fails nothing else.
    pub(super) async fn tell_launch(&mut self) -> Option<Duration> {
        if self.launching.launched.told || !self.settings.launch.hook {
            return None;
        }
        let group = self.node.group.clone()?;
        self.note_start();
        // Once asked, what is due is known; and so it is when a hook turns out to be done.
        for _ in 0..LOOKS {
            let launch = self.launch();
            if launch.belongs == Belongs::Member && !self.launching.launched.joined {
                self.note_launch(Launched {
                    joined: true,
                    ..self.launching.launched.clone()
                });
            }
            let word = match launch::word(&launch) {
                Ok(left) => return Some(left),
                Err(word) => word,
            };
            let asked = self.edges.now();
            if let Some(said) = self.say(&group, word).await.transpose() {
                self.settle(word, said, asked);
            }
            if self.launching.launched.told {
                return None;
            }
        }
        launch::word(&self.launch()).ok()
    }

    /// What came of a word is known from here on.
    fn settle(&mut self, word: Word, said: Result<Waiting, CloudError>, asked: Moment) {
        let now = self.edges.now();
        let last = self.launching.last.as_ref();
        let said_before = last.is_some_and(|last| last.answer().is_some());
        match (word, said) {
            (Word::Ask, Ok(Waiting::Heard)) if self.launching_hooks().next().is_some() => {
                self.launching.last = None;
            }
            (Word::Longer, Ok(Waiting::Heard)) => {
                self.launching.last = None;
                self.note_beat(asked);
            }
            (_, Ok(waiting)) if waiting == Waiting::Heard || said_before => {
                let heard = waiting == Waiting::Heard;
                info!(heard, word = ?word, "launch told");
                self.note_launch(Launched {
                    told: true,
                    ..self.launching.launched.clone()
                });
            }
            (_, Ok(_)) => Series::hear(&mut self.launching.last, Ok(()), |(), ()| true, now),
            (_, Err(error)) => {
                warn!(%error, "cannot tell the group how the launch went");
                let failed: Result<(), Trouble> = Err(error.into());
                Series::hear(&mut self.launching.last, failed, |(), ()| true, now);
            }
        }
    }

    fn launch(&self) -> Launch {
        let now = self.edges.now();
        let settings = &self.settings.launch;
        Launch {
            in_service: self.edges.heard.borrow().notices.target == Some(Target::InService),
            belongs: self.belongs(),
            age: self.since(self.launching.launched.since),
            budget: settings.budget,
            on_failure: settings.on_failure,
            hook: self.launching_hook(),
            last: self.launching.last.as_ref().map(|heard| heard.reading(now)),
        }
    }

    fn belongs(&self) -> Belongs {
        let has_joined = self.knowledge.membership().is_some();
        let inside = matches!(self.knowledge.kind(), Some(Kind::Worker | Kind::Manager));
        let departs = self.knowledge.departure().is_some();
        match (departs, has_joined || self.launching.launched.joined) {
            (true, _) => Belongs::Was,
            (false, true) if inside && has_joined => Belongs::Member,
            (false, true) => Belongs::Returns,
            (false, false) => Belongs::Never,
        }
    }

    /// The one with the shortest time, and since when it runs: since this boot, where that began the launch,
    /// or since a heartbeat.
    fn launching_hook(&self) -> Option<launch::LaunchHook> {
        let timeout = self.launching_hooks().next()?.timeout;
        let waited = self.launching.waited;
        let booted = waited.booted.filter(|_| !self.launching.launched.again);
        let began = waited.beaten.or(booted);
        Some(launch::LaunchHook {
            timeout,
            running: began.map(|_| self.since(began)),
            waited: self.since(booted.or(self.launching.launched.since)),
        })
    }

    /// The group's launching hooks, as far as they were asked for.
    fn launching_hooks(&self) -> impl Iterator<Item = &Hook> {
        self.launching.hooks.iter().flatten()
    }

    /// When the agent first ran on an instance on its way into service. A launch that began in another boot,
    /// or in a warm pool, goes on: since when its hook waits is not known.
    fn note_start(&mut self) {
        let Some(target) = self.edges.heard.borrow().notices.target else {
            return;
        };
        let before = &self.launching.launched;
        let boot = self.edges.clock.boot();
        let goes_on = before.since.is_some() && before.boot != boot;
        let launched = match target {
            Target::InService if before.since.is_none() || goes_on => Launched {
                since: Some(self.edges.clock.uptime().as_secs()),
                boot,
                again: before.again || goes_on,
                ..before.clone()
            },
            Target::InService => return,
            _ => Launched {
                since: None,
                again: true,
                ..before.clone()
            },
        };
        if launched != self.launching.launched {
            self.note_launch(launched);
        }
    }

    /// Also for an agent that is started anew.
    fn note_beat(&mut self, asked: Moment) {
        self.launching.waited.beaten = Some(asked.up.as_secs());
        let left = self.launching.waited.leave(&self.settings.runtime_dir);
        if let Err(error) = left {
            warn!(%error, "the heartbeat is not on record");
        }
    }

    /// How long ago that was, in seconds since the machine's boot. A time that is still to come was before a
    /// reboot.
    fn since(&self, moment: Option<u64>) -> Duration {
        let uptime = self.edges.clock.uptime();
        let moment = Duration::from_secs(moment.unwrap_or_default());
        uptime.checked_sub(moment).unwrap_or(uptime)
    }

    /// What came of it; nothing where it has to be looked at again what is due.
    async fn say(&mut self, group: &str, word: Word) -> Result<Option<Waiting>, CloudError> {
        let hooks = self.list(group).await?;
        // Where the one with the shortest time is done, the others have more.
        let told = match word {
            Word::Failed => hooks.get(..1).unwrap_or_default(),
            _ => &hooks[..],
        };
        let mut done = Vec::new();
        for hook in told {
            if self.say_to(group, &hook.name, word).await? == Waiting::NotWaiting {
                done.push(hook);
            }
        }
        if done.is_empty() {
            // A group without such a hook waits for nobody.
            return Ok(Some(Waiting::Heard));
        }
        if word == Word::Ready || done.len() == hooks.len() {
            return Ok(Some(Waiting::NotWaiting));
        }
        // Somebody else has completed them.
        let left = hooks.iter().filter(|hook| !done.contains(hook));
        self.launching.hooks = Some(left.cloned().collect());
        Ok((done.len() < told.len()).then_some(Waiting::Heard))
    }

    /// The group's launching hooks, the one with the shortest time first.
    async fn list(&mut self, group: &str) -> Result<Vec<Hook>, CloudError> {
        if let Some(hooks) = &self.launching.hooks {
            return Ok(hooks.clone());
        }
        let mut hooks = self.edges.lifecycle.hooks(group).await?;
        hooks.retain(|hook| hook.transition == Transition::Launching);
        hooks.sort_by_key(|hook| hook.timeout);
        self.launching.hooks = Some(hooks.clone());
        Ok(hooks)
    }

    async fn say_to(&self, group: &str, hook: &str, word: Word) -> Result<Waiting, CloudError> {
        let (lifecycle, instance) = (&self.edges.lifecycle, &self.node.instance_id);
        let verdict = match word {
            Word::Ask => return Ok(Waiting::Heard),
            Word::Longer => return lifecycle.heartbeat(group, hook, instance).await,
            Word::Ready => Verdict::Continue,
            Word::Failed => Verdict::Abandon,
        };
        lifecycle.complete(group, hook, instance, verdict).await
    }

    fn note_launch(&mut self, launched: Launched) {
        let noted: Result<(), StateError> = self.memory.remember_launch(&launched);
        self.launching.launched = launched;
        if let Err(error) = noted {
            warn!(%error, "the launch is not on record");
        }
    }
}
