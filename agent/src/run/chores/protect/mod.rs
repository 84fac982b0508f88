//! Managers are protected from scale-in where their group has no terminating hook: the decision is
//! `swarm::protection`, the facts come from here.

mod answers;
mod asking;
mod facts;
mod groups;
mod show;
mod steps;

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::warn;

use crate::run::{Agent, Outside, StepError};
pub(in crate::run) use asking::Heard;
use asking::Question;
use aws::CloudError;
use facts::Ill;
use groups::Groups;
use protocol::labels::PROTECTED_LABEL;
use protocol::leader::protection;
use protocol::{NodeEntry, Role, Series, pace};
use steps::Step;
use view::status::groups::ManagerGroup;

/// What this chore remembers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Protection {
    groups: Groups,
    ill: Ill,
    /// A group of one manager has more.
    excess: Option<Series<()>>,
    /// The manager that makes room for another.
    yields: Option<String>,
    /// Why Auto Scaling does not do what it is asked.
    trouble: Option<String>,
    shown: Vec<ManagerGroup>,
}

impl Protection {
    /// Whether this manager is to become a worker, so that its group of one can end it.
    pub(super) fn yields(&self, node_id: &str) -> bool {
        self.yields.as_deref() == Some(node_id)
    }

    /// The managers' groups, for people.
    pub(super) fn shown(&self) -> &[ManagerGroup] {
        &self.shown
    }
}

impl<O: Outside> Agent<O> {
    /// Protects whom raft needs, and releases whom it can spare; says when to look again.
    pub(super) async fn protect(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let now = self.edges.now();
        let names = self.managers_groups(nodes);
        let protection = &mut self.chores.protection;
        let managers = nodes.iter().filter(|node| node.role == Role::Manager);
        // Also while nothing is asked: an illness that nobody looked at has no length.
        protection.ill.look(managers, now);
        if names.is_empty() {
            (protection.shown, protection.yields) = (Vec::new(), None);
            self.metrics.groups(&[]);
            return Ok(None);
        }
        let done = match self.chores.was_late("protection") {
            Ok(()) if !self.lanes.groups.is_free() => Err(StepError::NotYet(None)),
            Ok(()) => match self.chores.protection.groups.held(now) {
                Some(left) => Err(StepError::NotYet(Some(left))),
                None => self.care_for(nodes, &names).await,
            },
            Err(error) => Err(error),
        };
        match done {
            Ok(again) => {
                self.chores.protection.groups.succeeded();
                self.chores.protection.trouble = None;
                self.show_groups(nodes, &names);
                Ok(again)
            }
            Err(StepError::Cloud(error)) => {
                self.chores.protection.groups.failed(self.edges.now());
                self.chores.protection.trouble = Some(error.to_string());
                self.show_groups(nodes, &names);
                // An old policy lacks this permission: it is said, and nothing else suffers.
                if matches!(error, CloudError::Denied { .. }) {
                    self.tell_denied(&error);
                    return Ok(None);
                }
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }

    fn managers_groups(&self, nodes: &[NodeEntry]) -> BTreeSet<String> {
        let concerned = nodes.iter().filter(|node| {
            self.settings.swarm.protect_managers || node.labels.contains_key(PROTECTED_LABEL)
        });
        let groups = concerned.filter_map(|node| facts::group(node, self.node.instances()));
        groups.cloned().collect()
    }

    async fn care_for(
        &mut self,
        nodes: &[NodeEntry],
        names: &BTreeSet<String>,
    ) -> Result<Option<Duration>, StepError> {
        let names = self.unhooked(nodes, names).await?;
        if names.is_empty() {
            self.chores.protection.yields = None;
            return Ok(None);
        }
        let again = self.describe(nodes, &names).await?;
        let known = self.protection_facts(nodes);
        let managers = nodes.iter().filter(|node| node.role == Role::Manager);
        let raft = facts::raft(managers);
        let protection = &mut self.chores.protection;
        if excess(&protection.groups, &names) {
            let now = self.edges.now();
            Series::see(&mut protection.excess, (), |(), ()| true, pace::SERIES, now);
        } else {
            protection.excess = None;
        }
        let lasted = protection.excess.as_ref().map(Series::lasted);
        let lasted = lasted.unwrap_or_default();
        protection.yields = protection::yields(&known, raft, lasted).map(str::to_owned);
        let changes = protection::next(&known, raft);
        let (protect, release): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| change.protected);
        self.set_protection(protect.into_iter().map(Step::of).collect())
            .await?;
        self.set_protection(release.into_iter().map(Step::of).collect())
            .await?;
        Ok(Some(again))
    }

    /// Those of the groups without a terminating hook, or with managers that were protected before they had one.
    async fn unhooked(
        &mut self,
        nodes: &[NodeEntry],
        names: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, StepError> {
        // Where hooks are named in the settings, the role may not be allowed to ask for them.
        let by_settings = !self.settings.departure.hooks.is_empty();
        if !by_settings {
            let now = self.edges.now();
            let due = self.chores.protection.groups.without_hooks(names, now);
            if !due.is_empty() {
                self.ask_groups(Question::Hooks(due)).await?;
            }
        }
        let recorded = nodes
            .iter()
            .filter(|node| node.labels.contains_key(PROTECTED_LABEL));
        let recorded: BTreeSet<_> = recorded
            .filter_map(|node| facts::group(node, self.node.instances()))
            .collect();
        let groups = &self.chores.protection.groups;
        let has_hook =
            |name| by_settings || groups.hooks_of(name).is_some_and(|hooks| hooks.terminating);
        let unhooked = names
            .iter()
            .filter(|name| !has_hook(name) || recorded.contains(name));
        Ok(unhooked.cloned().collect())
    }

    /// Has the groups described when it is time to; says when the next time is.
    async fn describe(
        &mut self,
        nodes: &[NodeEntry],
        names: &BTreeSet<String>,
    ) -> Result<Duration, StepError> {
        if self.described_in(nodes, names).is_zero() {
            let names = names.iter().cloned().collect();
            self.ask_groups(Question::Describe(names)).await?;
        }
        Ok(self.described_in(nodes, names))
    }

    /// How long until it is time to.
    fn described_in(&self, nodes: &[NodeEntry], names: &BTreeSet<String>) -> Duration {
        let (groups, instances) = (&self.chores.protection.groups, self.node.instances());
        let newcomers = nodes.iter().filter(|node| node.ready).any(|node| {
            let group = facts::group(node, instances).filter(|name| names.contains(*name));
            let member = group.and_then(|name| groups.member(name, node.instance_id.as_ref()?));
            group.is_some() && !member.is_some_and(|member| member.in_service)
        });
        groups.due_in(names, newcomers, self.edges.now())
    }

    fn protection_facts(&self, nodes: &[NodeEntry]) -> Vec<protection::Node> {
        let (protection, instances) = (&self.chores.protection, self.node.instances());
        let wanted = self.settings.swarm.protect_managers;
        let fact = |node| facts::node(node, instances, &protection.groups, wanted, &protection.ill);
        nodes.iter().filter_map(fact).collect()
    }

    fn tell_denied(&mut self, error: &CloudError) {
        let text = error.to_string();
        if !self.chores.said.contains(&text) {
            warn!(%error, "managers are not protected from scale-in");
            self.chores.said.insert(text);
        }
    }
}

/// Whether the managers' only group is to have one instance, and has more.
fn excess(groups: &Groups, names: &BTreeSet<String>) -> bool {
    let mut names = names.iter();
    let (Some(name), None) = (names.next(), names.next()) else {
        return false;
    };
    groups.group(name).is_some_and(|group| {
        let members = group.members.iter().filter(|member| member.in_service);
        group.desired == 1 && members.count() > 1
    })
}
