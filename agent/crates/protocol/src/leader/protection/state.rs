//! What the leader remembers of the managers' groups, and what follows from it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::choice::{self, Node};
use super::facts::{self, Ill};
use super::groups::Groups;
use super::{Done, Next, Question, steps};
use crate::facts::groups::Hooked;
use crate::labels::PROTECTED_LABEL;
use crate::leader::Snapshot;
use crate::{Moment, NodeEntry, Role, Series, pace};

/// What is remembered. None of it matters after a restart.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Protection {
    groups: Groups,
    ill: Ill,
    /// A group of one manager has more.
    excess: Option<Series<()>>,
    /// The manager that makes room for another.
    yields: Option<String>,
}

/// What the settings say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Managers are to be protected (`swarm.protect_managers`). Where they are not, what a leader has protected is released.
    pub protect: bool,
    /// Hooks are named in the settings (`departure.hooks`): the role may not be allowed to ask for them.
    pub names_hooks: bool,
}

/// A group of managers, as the leader knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManagersGroup {
    /// Its name.
    pub name: String,
    /// Which hooks it has.
    pub hooks: Hooked,
    /// Its managers that are protected from scale-in, by instance id.
    pub protected: Vec<String>,
    /// Those that are not.
    pub unprotected: Vec<String>,
}

impl Protection {
    /// Whether this manager is to become a worker, so that its group of one can end it.
    pub fn yields(&self, node_id: &str) -> bool {
        self.yields.as_deref() == Some(node_id)
    }

    /// The groups that it is about. Also looks who is not healthy: an illness that nobody looked at has no length.
    pub fn look(&mut self, seen: &Snapshot<'_>, wanted: Wanted) -> BTreeSet<String> {
        self.ill.look(managers(seen.nodes), seen.now);
        let names = facts::managers_groups(seen.nodes, seen.instances, wanted.protect);
        if names.is_empty() {
            self.yields = None;
        }
        names
    }

    /// What is done about these groups next: protect whom raft needs, and release whom it can spare.
    pub fn next(&mut self, seen: &Snapshot<'_>, wanted: Wanted, names: &BTreeSet<String>) -> Next {
        if let Some(left) = self.groups.held(seen.now) {
            return Next::Hold(left);
        }
        if !wanted.names_hooks {
            let due = self.groups.without_hooks(names, seen.now);
            if !due.is_empty() {
                return Next::Ask(Question::Hooks(due));
            }
        }
        let names = self.unhooked(seen, wanted, names);
        if names.is_empty() {
            self.yields = None;
            return Next::Do(Vec::new(), None);
        }
        let again = self.described_in(seen, &names);
        if again.is_zero() {
            return Next::Ask(Question::Describe(names.into_iter().collect()));
        }
        self.choose(seen, wanted, &names, again)
    }

    /// Notes what was answered, and what was done.
    pub fn learn(&mut self, done: Done, now: Moment) {
        self.groups.learn(done, now);
    }

    /// Auto Scaling did what it was asked.
    pub fn succeeded(&mut self) {
        self.groups.succeeded();
    }

    /// It did not: what is known of the groups may be wrong.
    pub fn failed(&mut self, now: Moment) {
        self.groups.failed(now);
    }

    /// These groups, for people; nothing of one whose hooks are not known.
    pub fn groups(&self, seen: &Snapshot<'_>, names: &BTreeSet<String>) -> Vec<ManagersGroup> {
        let known = names.iter().filter_map(|name| self.group(seen, name));
        known.collect()
    }

    fn group(&self, seen: &Snapshot<'_>, name: &str) -> Option<ManagersGroup> {
        let hooks = self.groups.hooks_of(name)?;
        let is_own = |node: &&NodeEntry| {
            facts::group(node, seen.instances).is_some_and(|group| group == name)
        };
        let own = managers(seen.nodes).filter(is_own);
        let own: Vec<&String> = own.filter_map(|node| node.instance_id.as_ref()).collect();
        let is_protected = |id: &String| {
            let member = self.groups.member(name, id);
            member.is_some_and(|member| member.protected)
        };
        let (protected, unprotected) = own.into_iter().cloned().partition(is_protected);
        Some(ManagersGroup {
            name: name.to_owned(),
            hooks,
            protected,
            unprotected,
        })
    }

    /// What is done, and who is to yield.
    fn choose(
        &mut self,
        seen: &Snapshot<'_>,
        wanted: Wanted,
        names: &BTreeSet<String>,
        again: Duration,
    ) -> Next {
        let facts = self.facts(seen, wanted);
        let raft = facts::raft(managers(seen.nodes));
        if facts::excess(&self.groups, names) {
            Series::see(&mut self.excess, (), |(), ()| true, pace::SERIES, seen.now);
        } else {
            self.excess = None;
        }
        let lasted = self.excess.as_ref().map(Series::lasted);
        let lasted = lasted.unwrap_or_default();
        self.yields = choice::yields(&facts, raft, lasted).map(str::to_owned);
        Next::Do(steps::of(choice::next(&facts, raft)), Some(again))
    }

    /// Those of the groups without a terminating hook, or with managers that were protected before they had one.
    fn unhooked(
        &self,
        seen: &Snapshot<'_>,
        wanted: Wanted,
        names: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let recorded = seen.nodes.iter();
        let recorded = recorded.filter(|node| node.labels.contains_key(PROTECTED_LABEL));
        let recorded: BTreeSet<_> = recorded
            .filter_map(|node| facts::group(node, seen.instances))
            .collect();
        let hooks = |name| self.groups.hooks_of(name);
        let has_hook = |name| wanted.names_hooks || hooks(name).is_some_and(|h| h.terminating);
        let unhooked = names
            .iter()
            .filter(|name| !has_hook(name) || recorded.contains(name));
        unhooked.cloned().collect()
    }

    /// How long until the groups are to be described.
    fn described_in(&self, seen: &Snapshot<'_>, names: &BTreeSet<String>) -> Duration {
        let groups = &self.groups;
        let newcomers = seen.nodes.iter().filter(|node| node.ready).any(|node| {
            let group = facts::group(node, seen.instances).filter(|name| names.contains(*name));
            let member = group.and_then(|name| groups.member(name, node.instance_id.as_ref()?));
            group.is_some() && !member.is_some_and(|member| member.in_service)
        });
        groups.due_in(names, newcomers, seen.now)
    }

    fn facts(&self, seen: &Snapshot<'_>, wanted: Wanted) -> Vec<Node> {
        let (groups, ill) = (&self.groups, &self.ill);
        let fact = |node| facts::node(node, seen.instances, groups, wanted.protect, ill);
        seen.nodes.iter().filter_map(fact).collect()
    }
}

fn managers(nodes: &[NodeEntry]) -> impl Iterator<Item = &NodeEntry> {
    nodes.iter().filter(|node| node.role == Role::Manager)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
