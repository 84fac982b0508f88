//! Auto Scaling's word about the managers' groups, kept fresh.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::choice::Care;
use super::{Done, Protect};
use crate::facts::groups::{Group, Hooked, Member};
use crate::pace::{Gaps, IN_A_ROW, remaining};
use crate::{Moment, Series, Stamp};

/// A group's instances are looked at this often, and who joins or ends sooner.
const REFRESH: Duration = Duration::from_mins(1);
/// While somebody is on the way into or out of service.
const SOON: Duration = Duration::from_secs(10);
/// Hooks hardly ever change.
const HOOKS_REFRESH: Duration = Duration::from_mins(5);

/// What is known, and since when.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Groups {
    hooks: BTreeMap<String, (Hooked, Stamp)>,
    described: BTreeMap<String, Group>,
    at: Option<Stamp>,
    /// Answers in a row that were none.
    failed: Option<Series<()>>,
}

impl Groups {
    /// How long nothing is asked, after an answer that was none.
    pub(super) fn held(&self, now: Moment) -> Option<Duration> {
        let failed = self.failed.as_ref()?;
        remaining(Gaps::PROTECTION.after(failed.looks()), failed.age(now))
    }

    /// Auto Scaling did not do what it was asked: what is known of it may be wrong.
    pub(super) fn failed(&mut self, now: Moment) {
        Series::see(&mut self.failed, (), |(), ()| true, IN_A_ROW, now);
        self.at = None;
    }

    pub(super) fn succeeded(&mut self) {
        self.failed = None;
    }

    pub(super) fn hooks_of(&self, group: &str) -> Option<Hooked> {
        self.hooks.get(group).map(|(hooks, _)| *hooks)
    }

    pub(super) fn group(&self, name: &str) -> Option<&Group> {
        self.described.get(name)
    }

    pub(super) fn member(&self, group: &str, instance: &str) -> Option<&Member> {
        self.group(group)?
            .members
            .iter()
            .find(|member| member.id == instance)
    }

    /// What was done counts before the next look.
    fn note(&mut self, done: &Protect) {
        let group = self.described.get_mut(&done.group);
        let members = group.into_iter().flat_map(|group| &mut group.members);
        for member in members.filter(|member| done.instances.contains(&member.id)) {
            member.protected = done.protected;
        }
    }

    /// What is done about a group that is known.
    pub(super) fn care(&self, name: &str, wanted: bool) -> Care {
        let hooked = self.hooks_of(name).is_none_or(|hooks| hooks.terminating);
        let Some(group) = self.group(name) else {
            return Care::Leave;
        };
        let ends = group.is_deleted || group.desired == 0 || group.maximum == 0;
        match (group.protects_new, wanted && !hooked && !ends) {
            (true, _) => Care::Leave,
            (false, true) => Care::Protect,
            (false, false) => Care::Release,
        }
    }

    /// How long until the groups are to be described again; `newcomers` are in the swarm, and not yet in their
    /// group's service by the last look.
    pub(super) fn due_in(
        &self,
        names: &BTreeSet<String>,
        newcomers: bool,
        now: Moment,
    ) -> Duration {
        let known = names.iter().all(|name| self.described.contains_key(name));
        let gap = match (known, newcomers) {
            (false, _) | (_, true) => SOON,
            (true, false) => REFRESH,
        };
        self.at
            .map_or(Duration::ZERO, |at| gap.saturating_sub(at.age(now)))
    }

    /// The groups whose hooks are to be asked for, of these.
    pub(super) fn without_hooks(&mut self, names: &BTreeSet<String>, now: Moment) -> Vec<String> {
        self.hooks.retain(|name, _| names.contains(name));
        let is_fresh = |name: &String| {
            let known = self.hooks.get(name);
            known.is_some_and(|(_, at)| at.age(now) < HOOKS_REFRESH)
        };
        let due = names.iter().filter(|name| !is_fresh(name));
        due.cloned().collect()
    }

    /// Notes what was answered, and what was done.
    pub(super) fn learn(&mut self, done: Done, now: Moment) {
        match done {
            Done::Hooks(name, hooks) => drop(self.hooks.insert(name, (hooks, now.stamp()))),
            Done::Described(groups) => {
                let named = |group: Group| (group.name.clone(), group);
                self.described = groups.into_iter().map(named).collect();
                self.at = Some(now.stamp());
            }
            Done::Protected(protection) => self.note(&protection),
        }
    }
}
