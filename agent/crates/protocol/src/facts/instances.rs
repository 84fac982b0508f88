//! EC2's word about instances: one cache of all that it has said, with the times of its answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[cfg(test)]
use crate::Span;
use crate::facts::tags::{CLUSTER_TAG, GROUP_TAG, LABEL_TAG_PREFIX, ROLE_TAG};
use crate::node::{Retime, TimeOf, series, stamp};
use crate::pace::{FLEET_GAP, FLEET_SERIES, Gaps, IN_A_ROW, ROUND, TAGLESS};
use crate::{
    Answer, ClusterName, Fleet, Instance, Life, Moment, Role, Series, Stamp, Told, Trouble,
    Whereabouts,
};

/// EC2's answers lag behind a launch: an instance without tags is asked about again.
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// Values of one filter, besides the asker's own: `DescribeInstances` takes up to 200.
pub const BATCH: usize = 199;
/// What was not asked for so long is forgotten of an instance that is no node any more.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// All of it, by instance id; and when a leader asks about which of them.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Instances {
    known: BTreeMap<String, Known>,
    /// When a leader asks about the next of those that it knows.
    refresh: Option<Stamp>,
    /// Some of them are doubted.
    doubting: bool,
    /// Answers in a row that were none.
    failed: Option<Series<Answer<()>>>,
}

/// What is known of one instance.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct Known {
    life: Option<Series<Life>>,
    /// What it is, once a leader has been told.
    word: Option<Instance>,
    /// Its role, and whether it has been seen with one.
    role: Option<Series<(Option<Role>, bool)>>,
    /// That role is another than the one before: one answer is not enough for it.
    changed: bool,
    /// When a leader asked last.
    asked: Option<Stamp>,
    /// When an answer last said anything of it, be it that EC2 does not know it.
    heard: Option<Stamp>,
    /// By that answer EC2 does not know it.
    unknown: bool,
    /// A node that says that it is this instance is not believed.
    doubted: bool,
}

/// What EC2 has said of an instance to a leader, and when.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// By its last word there is none.
    Unknown(Stamp),
    /// By its last word it is this.
    Of(&'a Instance, Stamp),
}

/// Where the asker is: what an answer means follows from it.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// Its region.
    pub region: &'a str,
    /// Its cluster.
    pub cluster: &'a ClusterName,
}

/// EC2's answer about some instances.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Those that were asked about.
    pub asked: &'a [String],
    /// Those that it knows, and maybe others.
    pub known: &'a [Told],
    /// Those that it says nothing about; all others it does not know.
    pub silent: &'a BTreeSet<String>,
}

impl Reply<'_> {
    /// What it says of one's life, if anything.
    fn life(&self, told: Option<&Told>, id: &String) -> Option<Life> {
        if self.silent.contains(id) {
            return None;
        }
        Some(told.map_or(Life::Absent, |told| told.life))
    }

    fn of(&self) -> BTreeMap<&str, &Told> {
        let known = self.known.iter();
        known.map(|told| (told.id.as_str(), told)).collect()
    }
}

impl Known {
    /// How long until a leader asks about it again on its own account.
    fn due_in(&self, now: Moment) -> Option<Duration> {
        let gap = match &self.word {
            _ if self.doubted => ASK_AGAIN,
            Some(word) if word.tagged && self.changed && word.lasted < FLEET_GAP => FLEET_GAP,
            Some(word) if word.tagged || word.lasted >= TAGLESS => return None,
            _ => ASK_AGAIN,
        };
        let asked = self.asked.map(|at| at.age(now));
        Some(asked.map_or(Duration::ZERO, |age| gap.saturating_sub(age)))
    }

    /// Notes an answer. EC2 forgets the terminated after a while: that it no longer knows one says the same again.
    fn see(&mut self, life: Life, now: Moment) {
        let life = match (self.life.as_ref().map(Series::value), life) {
            (Some(Life::Terminated), Life::Absent) => Life::Terminated,
            _ => life,
        };
        Series::see(&mut self.life, life, Life::eq, FLEET_SERIES, now);
    }

    /// Notes what a leader's answer says of a life: its end. All else a decision asks for itself, when it matters: that one
    /// lives, by an older word, would only hold that question up, and an absence counts from when it is looked for.
    fn heed(&mut self, life: Life, now: Moment) {
        let is_over = |old: &Life| matches!(old, Life::Terminated | Life::Absent);
        match life {
            Life::Terminated => self.see(life, now),
            Life::Alive | Life::Stopped => {
                self.life.take_if(|old| is_over(old.value()));
            }
            Life::Absent => {}
        }
    }

    /// What an answer adds. Tags that are missing from it say nothing: EC2 tells them late, and takes
    /// them away early.
    fn learn(&mut self, told: &Told, here: Here<'_>, now: Moment) {
        let mut word = Instance::of(told, here);
        match self.word.take() {
            Some(old) if old.tagged && !word.tagged => {
                let addresses = if word.addresses.is_empty() {
                    old.addresses
                } else {
                    word.addresses
                };
                word = Instance {
                    alive: word.alive,
                    addresses,
                    profile: word.profile.or(old.profile),
                    ..old
                };
            }
            Some(old) if (old.role, old.tagged) != (word.role, word.tagged) => {
                self.changed = old.tagged;
            }
            _ => {}
        }
        let role = (word.role, word.tagged);
        Series::see(&mut self.role, role, |old, new| old == new, IN_A_ROW, now);
        word.lasted = self.role.as_ref().map(Series::lasted).unwrap_or_default();
        word.changed = self.changed;
        self.word = Some(word);
    }
}

impl Instances {
    pub(crate) fn retime(&mut self, retime: Retime<'_>) {
        for (id, known) in &mut self.known {
            series(&mut known.life, TimeOf::Life(id), retime);
            series(&mut known.role, TimeOf::Other, retime);
            stamp(&mut known.asked, TimeOf::Other, retime);
            stamp(&mut known.heard, TimeOf::Other, retime);
        }
        stamp(&mut self.refresh, TimeOf::Other, retime);
        series(&mut self.failed, TimeOf::Other, retime);
    }

    /// EC2 has told of these, and of no others.
    #[cfg(test)]
    pub(crate) fn that_are(words: BTreeMap<String, Instance>) -> Self {
        let known = |word| Known {
            word: Some(word),
            heard: Some(Stamp::START),
            ..Known::default()
        };
        Self {
            known: words
                .into_iter()
                .map(|(id, word)| (id, known(word)))
                .collect(),
            ..Self::default()
        }
    }

    /// The same, and EC2 has said this of lives.
    #[cfg(test)]
    pub(crate) fn with_lives(mut self, fleet: &Fleet, now: Moment) -> Self {
        for (id, seen) in &fleet.0 {
            let mut life = Series::new(seen.life, now);
            life.retime(|_| Span {
                first: now.ago(seen.age + seen.lasted),
                last: now.ago(seen.age),
                looks: seen.looks,
            });
            self.known.entry(id.clone()).or_default().life = Some(life);
        }
        self
    }

    /// What an instance is, by the last answers that told anything about it.
    pub fn of(&self, id: Option<&String>) -> Option<&Instance> {
        self.known.get(id?)?.word.as_ref()
    }

    /// What EC2 has last said of an instance, if it has said anything of it to a leader.
    pub fn heard(&self, id: &str) -> Option<Heard<'_>> {
        let known = self.known.get(id)?;
        let at = known.heard?;
        if known.unknown {
            return Some(Heard::Unknown(at));
        }
        Some(Heard::Of(known.word.as_ref()?, at))
    }

    /// Nodes that say that they are one of these are not believed, and about nobody else: EC2 is asked about them sooner.
    pub fn doubt(&mut self, ids: &BTreeSet<&str>) {
        if ids.is_empty() && !self.doubting {
            return;
        }
        self.doubting = !ids.is_empty();
        for (id, known) in &mut self.known {
            known.doubted = ids.contains(id.as_str());
        }
    }

    /// How it stands with the lives of these.
    pub fn fleet<'a>(&self, ids: impl IntoIterator<Item = &'a str>, now: Moment) -> Fleet {
        let seen = |id: &str| {
            let life = self.known.get(id)?.life.as_ref()?;
            let whereabouts = Whereabouts {
                life: *life.value(),
                age: life.age(now),
                looks: life.looks(),
                lasted: life.lasted(),
            };
            Some((id.to_owned(), whereabouts))
        };
        Fleet(ids.into_iter().filter_map(seen).collect())
    }

    /// Notes what a decision has asked for: whether they live.
    pub fn see(&mut self, reply: &Reply<'_>, now: Moment) {
        let told = reply.of();
        for id in reply.asked {
            if let Some(life) = reply.life(told.get(id.as_str()).copied(), id) {
                self.known.entry(id.clone()).or_default().see(life, now);
            }
        }
    }

    /// Notes what a leader has asked for: also what they are.
    pub fn learn(&mut self, reply: &Reply<'_>, here: Here<'_>, now: Moment) {
        self.failed = None;
        let told = reply.of();
        for id in reply.asked {
            let told = told.get(id.as_str()).copied();
            let known = self.known.entry(id.clone()).or_default();
            known.asked = Some(now.stamp());
            if let Some(life) = reply.life(told, id) {
                known.heard = Some(now.stamp());
                known.unknown = life == Life::Absent;
                known.heed(life, now);
            }
            if let Some(told) = told {
                known.learn(told, here, now);
            }
        }
    }

    /// An EC2 that refuses is asked less and less often, whatever else the leader has to do.
    pub fn refused(&mut self, trouble: Trouble, now: Moment) {
        let same = |_: &Answer<()>, _: &Answer<()>| true;
        Series::see(&mut self.failed, Err(trouble), same, IN_A_ROW, now);
    }

    /// How long a leader asks nothing yet.
    pub fn held(&self, now: Moment) -> Option<Duration> {
        Gaps::TROUBLE.remaining(&self.failed.as_ref()?.reading(now))
    }

    /// Drops what is known of instances that are no longer nodes. Of their lives, decisions may ask for a while yet.
    pub fn keep(&mut self, nodes: &BTreeSet<&String>, now: Moment) {
        self.known.retain(|id, known| {
            if !nodes.contains(id) {
                let life = known.life.take();
                *known = Known::default();
                known.life = life.filter(|life| life.age(now) < FORGOTTEN);
            }
            nodes.contains(id) || known.life.is_some()
        });
    }

    /// Whom to ask about now: those that are new or in doubt, else those that were asked about the
    /// longest ago, in portions, evenly over the time, but in no round of their own: each lists all
    /// nodes. `ready` are the instances of the nodes that are. Says whether there are more that are new than one call takes.
    pub fn due<'a>(
        &mut self,
        ready: impl Iterator<Item = &'a String>,
        every: Duration,
        now: Moment,
    ) -> (Vec<String>, bool) {
        let in_doubt = |id: &&String| {
            let known = self.known.get(*id);
            known.is_none_or(|known| known.due_in(now) == Some(Duration::ZERO))
        };
        let fresh: Vec<String> = ready.filter(in_doubt).take(BATCH).cloned().collect();
        if !fresh.is_empty() {
            self.refresh.get_or_insert(now.after(every));
            let more = fresh.len() == BATCH;
            return (fresh, more);
        }
        if self.refresh.is_none_or(|at| at.left(now).is_some()) {
            return (Vec::new(), false);
        }
        (self.oldest(every, now), false)
    }

    /// Those of the next portion.
    fn oldest(&mut self, every: Duration, now: Moment) -> Vec<String> {
        let asked = |(id, known): (&String, &Known)| Some((known.asked?, id.clone()));
        let mut oldest: Vec<_> = self.known.iter().filter_map(asked).collect();
        let calls = oldest.len().div_ceil(BATCH).max(1);
        let rounds = usize::try_from(every.as_secs() / ROUND.as_secs()).unwrap_or(usize::MAX);
        let portions = calls.min(rounds.max(1));
        let part = every / u32::try_from(portions).unwrap_or(u32::MAX);
        self.refresh = Some(now.after(part));
        oldest.sort();
        let oldest = oldest.into_iter().take(calls.div_ceil(portions) * BATCH);
        oldest.map(|(_, id)| id).collect()
    }

    /// How long until a leader has to ask about somebody.
    pub fn wait<'a>(
        &self,
        ready: impl Iterator<Item = &'a String>,
        now: Moment,
    ) -> Option<Duration> {
        let refresh = self.refresh.map(|at| at.left(now).unwrap_or_default());
        let known = ready.filter_map(|id| self.known.get(id));
        let doubts = known.filter_map(|known| known.due_in(now));
        let soonest = doubts.chain(refresh).min();
        soonest.map(|time| time.max(self.held(now).unwrap_or_default()))
    }
}

impl Instance {
    /// What an answer makes of one, which no answer before has told anything of.
    fn of(told: &Told, here: Here<'_>) -> Self {
        let tag = |key: &str| told.tags.get(key).map(String::as_str);
        let role = tag(ROLE_TAG).and_then(|role| role.parse::<Role>().ok());
        let labels = told.tags.iter().filter_map(|(key, value)| {
            Some((
                key.strip_prefix(LABEL_TAG_PREFIX)?.to_owned(),
                value.clone(),
            ))
        });
        let of_cluster = tag(CLUSTER_TAG) == Some(here.cluster.as_str());
        Self {
            alive: told.life == Life::Alive,
            of_cluster,
            role: role.filter(|_| of_cluster),
            tagged: tag(ROLE_TAG).is_some(),
            lasted: Duration::ZERO,
            changed: false,
            profile: told.profile.clone(),
            addresses: told.addresses.clone(),
            labels: labels.collect(),
            facts: told.facts.labels(here.region),
            group: tag(GROUP_TAG).map(str::to_owned),
            launched: told.facts.launched,
        }
    }
}

#[cfg(test)]
#[path = "instances_tests.rs"]
mod tests;
