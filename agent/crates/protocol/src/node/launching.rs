//! The launch of this node's instance: what its group's launching hooks are to hear, and what came of it.

use std::time::Duration;

use crate::departure::notice::Target;
use crate::facts::hooks::{Hook, Transition, Waiting};
use crate::node::event::LaunchEvent;
use crate::node::launch::{
    self, Belongs, Launch, LaunchHook, LaunchRules, Launched, Launching, Waited, Word,
};
use crate::node::state::Node;
use crate::{Answer, Kind, Life, Moment, Role, Series, pace};

/// An absence that is looked for from the boot on is certain in this time, also where some answers do not count.
const LONG_AFTER_ABSENCE: Duration = Duration::from_mins(15);

/// A call for the launch.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum LaunchCall {
    /// Ask for the group's hooks.
    ListHooks,
    /// Say this to these hooks.
    Say(Word, Vec<String>),
}

/// How long ago that was. A time that is still to come was before a reboot.
fn since(seconds: Option<u64>, now: Moment) -> Duration {
    let at = Duration::from_secs(seconds.unwrap_or_default());
    now.up.checked_sub(at).unwrap_or(now.up)
}

impl Node {
    /// How far the launch has come.
    pub fn launched(&self) -> &Launched {
        &self.files.launch
    }

    /// The next call for the launch, or else how long until there is one; nothing where the group has heard how it went, or does
    /// not wait.
    pub fn next_for_launch(&self, now: Moment) -> Option<Result<Duration, LaunchCall>> {
        let rules = self.policy.launch?;
        self.own.group.as_ref()?;
        if self.files.launch.told {
            return None;
        }
        if self.launching.asked {
            return Some(Ok(pace::ROUND));
        }
        Some(launch::word(&self.seen_launch(rules, now)).map_err(|word| self.call(word)))
    }

    fn call(&self, word: Word) -> LaunchCall {
        let Some(hooks) = &self.launching.hooks else {
            return LaunchCall::ListHooks;
        };
        // Where the one with the shortest time is done, the others have more.
        let told = match word {
            Word::Failed => hooks.get(..1).unwrap_or_default(),
            _ => hooks,
        };
        LaunchCall::Say(word, told.iter().map(|hook| hook.name.clone()).collect())
    }

    fn seen_launch(&self, rules: LaunchRules, now: Moment) -> Launch {
        let last = self.launching.last.as_ref();
        Launch {
            in_service: self.heard.notices.target == Some(Target::InService),
            belongs: self.belongs(),
            age: since(self.files.launch.since, now),
            budget: rules.budget.or_else(|| self.until_absence_is_certain(now)),
            on_failure: rules.on_failure,
            hook: self.launching_hook(now),
            last: last.map(|heard| heard.reading(now)),
        }
    }

    /// How long a manager may take that waits for others which EC2 does not know, and for which that is not certain yet:
    /// another instance in its place would wait anew, and where the hook's time is shorter nobody would ever form the swarm.
    fn until_absence_is_certain(&self, now: Moment) -> Option<Duration> {
        let fleet = self.instances.fleet(self.concerned(), now);
        let doubted = |id: &str| fleet.life(id) == Some(Life::Absent) && !fleet.is_gone(id);
        let waits = self.own.role == Role::Manager && self.concerned().any(doubted);
        waits.then_some(LONG_AFTER_ABSENCE)
    }

    fn belongs(&self) -> Belongs {
        let has_joined = self.files.membership.is_some();
        let inside = matches!(self.kind(), Some(Kind::Worker | Kind::Manager));
        let departs = self.files.departure.is_some();
        match (departs, has_joined || self.files.launch.joined) {
            (true, _) => Belongs::Was,
            (false, true) if inside && has_joined => Belongs::Member,
            (false, true) => Belongs::Returns,
            (false, false) => Belongs::Never,
        }
    }

    /// The one with the shortest time, and since when it runs: since this boot, where that began the launch,
    /// or since a heartbeat.
    fn launching_hook(&self, now: Moment) -> Option<LaunchHook> {
        let timeout = self.launching.hooks.as_ref()?.first()?.timeout;
        let waited = self.files.waited;
        let booted = waited.booted.filter(|_| !self.files.launch.again);
        let began = waited.beaten.or(booted);
        Some(LaunchHook {
            timeout,
            running: began.map(|_| since(began, now)),
            waited: since(booted.or(self.files.launch.since), now),
        })
    }

    pub(super) fn learn_launch(&mut self, event: LaunchEvent, now: Moment) {
        match event {
            LaunchEvent::Seen => self.look_at_launch(now),
            LaunchEvent::Asked => self.launching.asked = true,
            LaunchEvent::Hooks(answer) => {
                self.launching.asked = false;
                self.list_launching_hooks(answer, now);
            }
            LaunchEvent::Said(word, said, asked) => {
                self.launching.asked = false;
                self.hear_words(word, said, asked, now);
            }
        }
    }

    /// When the agent first ran on an instance on its way into service, and whether that has joined. A launch that began in
    /// another boot, or in a warm pool, goes on: since when its hook waits is not known.
    fn look_at_launch(&mut self, now: Moment) {
        let mut launched = self.files.launch.clone();
        let goes_on = launched.since.is_some() && launched.boot != self.own.boot;
        match self.heard.notices.target {
            Some(Target::InService) if launched.since.is_none() || goes_on => {
                launched.since = Some(now.up.as_secs());
                launched.boot.clone_from(&self.own.boot);
                launched.again |= goes_on;
            }
            None | Some(Target::InService) => {}
            Some(_) => (launched.since, launched.again) = (None, true),
        }
        launched.joined |= self.belongs() == Belongs::Member;
        self.keep_launch(launched);
    }

    fn list_launching_hooks(&mut self, answer: Answer<Vec<Hook>>, now: Moment) {
        match answer {
            Err(trouble) => self.hear_of_launch(Err(trouble), now),
            Ok(mut hooks) => {
                self.note_end_hook(&hooks);
                hooks.retain(|hook| hook.transition == Transition::Launching);
                hooks.sort_by_key(|hook| hook.timeout);
                // A group without such a hook waits for nobody.
                if hooks.is_empty() {
                    self.tell_launch();
                }
                self.launching = Launching {
                    hooks: Some(hooks),
                    ..Launching::default()
                };
            }
        }
    }

    fn note_end_hook(&mut self, hooks: &[Hook]) {
        let ends = |hook: &&Hook| hook.transition == Transition::Terminating;
        let shortest = hooks.iter().filter(ends).map(|hook| hook.timeout).min();
        self.keep_launch(Launched {
            end_hook: shortest.map(|timeout| timeout.as_secs()),
            ..self.files.launch.clone()
        });
    }

    /// A group says that it does not wait also of an instance that it waits for in a moment: that counts when it is said
    /// for the second time.
    fn hear_words(
        &mut self,
        word: Word,
        said: Answer<Vec<(String, Waiting)>>,
        asked: Moment,
        now: Moment,
    ) {
        let said = match said {
            Ok(said) => said,
            Err(trouble) => return self.hear_of_launch(Err(trouble), now),
        };
        let last = self.launching.last.as_ref();
        let said_before = last.is_some_and(|last| last.answer().is_some());
        let heard = match self.who_waits(word, &said) {
            None => return,
            Some(waiting) => waiting == Waiting::Heard,
        };
        if heard && word == Word::Longer {
            self.launching.last = None;
            self.keep_waited(Waited {
                beaten: Some(asked.up.as_secs()),
                ..self.files.waited
            });
        } else if heard || said_before {
            self.tell_launch();
        } else {
            self.hear_of_launch(Ok(()), now);
        }
    }

    /// Whether the group waits; nothing where it has to be looked at again what is due, since somebody else has completed
    /// some of its hooks.
    fn who_waits(&mut self, word: Word, said: &[(String, Waiting)]) -> Option<Waiting> {
        let is_done = |hook: &Hook| {
            let done = |(name, waiting): &(String, Waiting)| {
                *name == hook.name && *waiting == Waiting::NotWaiting
            };
            said.iter().any(done)
        };
        let Some(hooks) = &mut self.launching.hooks else {
            // It has left its swarm since: what was known of them is forgotten.
            let heard = said.iter().find(|(_, waiting)| *waiting == Waiting::Heard);
            return Some(heard.map_or(Waiting::NotWaiting, |(_, waiting)| *waiting));
        };
        let done = hooks.iter().filter(|hook| is_done(hook)).count();
        if done == 0 {
            return Some(Waiting::Heard);
        }
        if word == Word::Ready || done == hooks.len() {
            return Some(Waiting::NotWaiting);
        }
        hooks.retain(|hook| !is_done(hook));
        (done < said.len()).then_some(Waiting::Heard)
    }

    fn hear_of_launch(&mut self, answer: Answer<()>, now: Moment) {
        Series::hear(&mut self.launching.last, answer, |(), ()| true, now);
    }

    fn tell_launch(&mut self) {
        self.keep_launch(Launched {
            told: true,
            ..self.files.launch.clone()
        });
    }
}
