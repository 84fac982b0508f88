//! How far a departure has come since the agent started. None of it matters after a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::departure::{Departing, Departure, Hold};
use crate::facts::hooks::{Hook, HookCall, Transition, Waiting};
use crate::node::{Retime, TimeOf, series, stamp};
use crate::pace::{FIRST_WORD, METADATA_LOOK, first_hooks, first_word, part_of};
use crate::{Answer, Moment, Reading, Series, Stamp, Trouble};

/// What was tried, and what came of it.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Progress {
    telling: Option<Series<Answer<()>>>,
    /// What was said is of a drain that another cause has taken over.
    again: bool,
    tasks: Option<Series<Answer<usize>>>,
    leaving: Option<Series<Answer<()>>>,
    /// The call to Auto Scaling that is under way.
    asked: Option<HookCall>,
    hooks: Option<Series<Answer<Vec<Hook>>>>,
    beat: Option<Series<Answer<()>>>,
    completing: Option<Series<Answer<()>>>,
    /// When the departure began; none where that was before the agent did.
    begun: Option<Stamp>,
    /// The shortest time limit of the group's hooks for an end, by what it said at the launch.
    shortest: Option<Duration>,
    /// When Auto Scaling is first asked, and when it first hears that this node is done.
    first: Option<Stamp>,
    word: Option<Stamp>,
    /// The hooks that have heard.
    done: BTreeSet<String>,
}

fn hear<T>(slot: &mut Option<Series<Answer<T>>>, answer: Answer<T>, now: Moment) {
    Series::hear(slot, answer, |_, _| true, now);
}

/// How long until then; nothing where it is past, or none was set.
fn until(then: Option<Stamp>, now: Moment) -> Duration {
    then.and_then(|at| at.left(now)).unwrap_or_default()
}

fn read<T: Clone>(heard: Option<&Series<Answer<T>>>, now: Moment) -> Option<Reading<T>> {
    heard.map(|heard| heard.reading(now))
}

impl Progress {
    /// A whole group may depart at once: each of its nodes asks Auto Scaling at a time of its own. The shortest of its hooks,
    /// if that is known, sets how much time there is for that.
    pub(super) fn begin(shortest: Option<Duration>, now: Moment) -> Self {
        Self {
            begun: Some(now.stamp()),
            shortest,
            first: Some(now.after(part_of(now.random, first_hooks(shortest)))),
            ..Self::default()
        }
    }

    pub(super) fn say_again(&mut self) {
        self.again = true;
    }

    pub(super) fn telling(&mut self, answer: Answer<()>, now: Moment) {
        self.again &= answer.is_err();
        hear(&mut self.telling, answer, now);
    }

    pub(super) fn tasks(&mut self, answer: Answer<usize>, now: Moment) {
        Series::hear(&mut self.tasks, answer, usize::eq, now);
    }

    pub(super) fn not_left(&mut self, trouble: Trouble, now: Moment) {
        hear(&mut self.leaving, Err(trouble), now);
    }

    pub(super) fn ask(&mut self, call: HookCall) {
        self.asked = Some(call);
    }

    pub(super) fn asked(&self) -> Option<HookCall> {
        self.asked
    }

    /// Whether this call is under way, which ends with that. What another departure has asked says nothing of this one.
    fn is_answer(&mut self, call: HookCall) -> bool {
        self.asked.take_if(|asked| *asked == call).is_some()
    }

    pub(super) fn hooks(&mut self, answer: Answer<Vec<Hook>>, now: Moment) {
        if self.is_answer(HookCall::List) {
            hear(&mut self.hooks, answer, now);
            // It may have left before it knew how long they wait.
            let most = self.word_within(now);
            self.word = self.word.filter(|_| until(self.word, now) <= most);
        }
    }

    pub(super) fn beat(&mut self, answer: Answer<()>, now: Moment) {
        if self.is_answer(HookCall::Beat) {
            hear(&mut self.beat, answer, now);
        }
    }

    /// The hooks that wait, as far as is known, and have not heard yet.
    pub(super) fn open(&self) -> impl Iterator<Item = &str> {
        self.known().filter(|hook| !self.done.contains(*hook))
    }

    /// All hooks, as far as is known.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        let hooks = self.hooks.as_ref().and_then(Series::answer);
        hooks.into_iter().flatten().map(|hook| hook.name.as_str())
    }

    /// What came of the word to each; whether that was the end of it. A group says that it does not wait also of an
    /// instance that it waits for in a moment: that counts when it is said for the second time.
    pub(super) fn completed(&mut self, said: Vec<(String, Answer<Waiting>)>, now: Moment) -> bool {
        if !self.is_answer(HookCall::Complete) {
            return false;
        }
        let last = self.completing.as_ref();
        let said_before = last.is_some_and(|last| last.answer().is_some());
        let mut open = None;
        for (hook, said) in said {
            match said {
                Ok(Waiting::NotWaiting) if !said_before => open = open.or(Some(Ok(()))),
                Ok(_) => drop(self.done.insert(hook)),
                Err(trouble) => open = Some(Err(trouble)),
            }
        }
        let ended = open.is_none();
        if let Some(last) = open {
            hear(&mut self.completing, last, now);
        }
        ended
    }

    /// This node has left: when Auto Scaling hears that, at a time of its own, where there is time.
    pub(super) fn left(&mut self, departure: &Departure, now: Moment) {
        let most = self.word_within(now);
        let left = departure.remaining(now.unix);
        let spread = left.is_none_or(|left| left > 2 * FIRST_WORD);
        self.word = spread.then(|| now.after(part_of(now.random, most)));
    }

    /// The first of the hooks to run out sets how long that word may take.
    fn word_within(&self, now: Moment) -> Duration {
        let hooks = self.hooks.as_ref().and_then(Series::answer);
        let heard = hooks.into_iter().flatten().map(|hook| hook.timeout).min();
        let beat = self.beat.as_ref().filter(|beat| beat.answer().is_some());
        let waited = match beat {
            Some(beat) => beat.reading(now).age,
            None => self.since(now).saturating_add(METADATA_LOOK),
        };
        let shortest = heard.or(self.shortest);
        shortest.map_or(FIRST_WORD, |timeout| first_word(timeout, waited))
    }

    fn since(&self, now: Moment) -> Duration {
        self.begun.map_or(Duration::MAX, |at| at.age(now))
    }

    pub(super) fn retime(&mut self, retime: Retime<'_>) {
        series(&mut self.telling, TimeOf::Other, retime);
        series(&mut self.tasks, TimeOf::Tasks, retime);
        series(&mut self.leaving, TimeOf::Other, retime);
        series(&mut self.hooks, TimeOf::Other, retime);
        series(&mut self.beat, TimeOf::Other, retime);
        series(&mut self.completing, TimeOf::Other, retime);
        stamp(&mut self.begun, TimeOf::Other, retime);
        stamp(&mut self.first, TimeOf::Other, retime);
        stamp(&mut self.word, TimeOf::Other, retime);
    }

    /// The departure as a fact of this round; `waits` says which of its hooks may wait for it.
    pub(super) fn seen(
        &self,
        departure: &Departure,
        waits: Option<&'static [Transition]>,
        now: Moment,
    ) -> Departing {
        let said = |at: u64| Duration::from_secs(now.unix.saturating_sub(at));
        Departing {
            cause: departure.cause,
            remaining: departure.remaining(now.unix),
            forwards: departure.forwards(now.unix),
            until: departure.told(),
            withdrawn: departure.withdrawn,
            announced: departure.announced.map(said),
            marked: departure.marked,
            left: departure.left,
            again: self.again,
            telling: read(self.telling.as_ref(), now),
            tasks: read(self.tasks.as_ref(), now),
            leaving: read(self.leaving.as_ref(), now),
            hold: waits.map(|kinds| self.hold(kinds, now)),
        }
    }

    fn hold(&self, kinds: &'static [Transition], now: Moment) -> Hold {
        Hold {
            kinds,
            asked: self.asked,
            since: self.since(now),
            hooks: read(self.hooks.as_ref(), now),
            open: self.open().map(str::to_owned).collect(),
            beat: read(self.beat.as_ref(), now),
            completing: read(self.completing.as_ref(), now),
            first: until(self.first, now),
            word: until(self.word, now),
        }
    }
}
