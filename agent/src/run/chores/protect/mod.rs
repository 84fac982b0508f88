//! Managers are protected from scale-in where their group has no terminating hook: the decision is
//! `leader::protection`, the facts come from here.

mod facts;
mod groups;
mod show;
mod steps;

use std::collections::BTreeSet;
use std::time::Duration;

use super::applier::Applier;
use super::outcomes::Outcomes;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::groups::{Heard, Question};
use aws::CloudError;
use facts::Ill;
use groups::Groups;
use protocol::labels::PROTECTED_LABEL;
use protocol::leader::protection;
use protocol::{Instances, Moment, NodeEntry, Role, Series, pace};
pub(super) use show::tell;
use steps::{Step, by_record, calls, write_records};
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

    /// Protects whom raft needs, and releases whom it can spare; says when to look again.
    pub(super) async fn protect<O: Outside>(
        &mut self,
        context: &Context<O>,
        instances: &Instances,
        applier: &mut Applier,
        outcomes: &mut Outcomes,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let now = context.edges.now();
        let wanted = context.settings.swarm.protect_managers;
        let names = facts::managers_groups(nodes, instances, wanted);
        let managers = nodes.iter().filter(|node| node.role == Role::Manager);
        // Also while nothing is asked: an illness that nobody looked at has no length.
        self.ill.look(managers, now);
        if names.is_empty() {
            (self.shown, self.yields) = (Vec::new(), None);
            return Ok(None);
        }
        let known = Known { nodes, instances };
        let done = match outcomes.was_late("protection") {
            Ok(()) if !context.lanes.groups.is_free() => Err(StepError::NotYet(None)),
            Ok(()) => match self.groups.held(now) {
                Some(left) => Err(StepError::NotYet(Some(left))),
                None => self.care_for(context, applier, known, &names).await,
            },
            Err(error) => Err(error),
        };
        match &done {
            Ok(_) => {
                self.groups.succeeded();
                self.trouble = None;
                self.shown = self.show(nodes, instances, &names);
            }
            Err(StepError::Cloud(error)) => {
                self.groups.failed(context.edges.now());
                self.trouble = Some(error.to_string());
                self.shown = self.show(nodes, instances, &names);
            }
            Err(_) => {}
        }
        done
    }

    async fn care_for<O: Outside>(
        &mut self,
        context: &Context<O>,
        applier: &mut Applier,
        known: Known<'_>,
        names: &BTreeSet<String>,
    ) -> Result<Option<Duration>, StepError> {
        let names = self.unhooked(context, known, names).await?;
        if names.is_empty() {
            self.yields = None;
            return Ok(None);
        }
        let again = self.describe(context, known, &names).await?;
        let wanted = context.settings.swarm.protect_managers;
        let facts = self.facts(known, wanted);
        let managers = known.nodes.iter().filter(|node| node.role == Role::Manager);
        let raft = facts::raft(managers);
        if facts::excess(&self.groups, &names) {
            let now = context.edges.now();
            Series::see(&mut self.excess, (), |(), ()| true, pace::SERIES, now);
        } else {
            self.excess = None;
        }
        let lasted = self.excess.as_ref().map(Series::lasted);
        let lasted = lasted.unwrap_or_default();
        self.yields = protection::yields(&facts, raft, lasted).map(str::to_owned);
        let changes = protection::next(&facts, raft);
        let (protect, release): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| change.protected);
        for changes in [protect, release] {
            let steps: Vec<_> = changes.into_iter().map(Step::of).collect();
            self.set(context, applier, &steps).await?;
        }
        Ok(Some(again))
    }

    /// Takes steps of one kind.
    async fn set<O: Outside>(
        &mut self,
        context: &Context<O>,
        applier: &mut Applier,
        steps: &[Step],
    ) -> Result<(), StepError> {
        let edges = &context.edges;
        let (before, after) = by_record(steps);
        write_records(&edges.engine, edges, applier, &before).await?;
        let calls = calls(steps);
        if !calls.is_empty() {
            self.ask(context, Question::Protect(calls)).await?;
        }
        write_records(&edges.engine, edges, applier, &after).await
    }

    /// Those of the groups without a terminating hook, or with managers that were protected before they had one.
    async fn unhooked<O: Outside>(
        &mut self,
        context: &Context<O>,
        known: Known<'_>,
        names: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, StepError> {
        // Where hooks are named in the settings, the role may not be allowed to ask for them.
        let by_settings = !context.settings.departure.hooks.is_empty();
        if !by_settings {
            let due = self.groups.without_hooks(names, context.edges.now());
            if !due.is_empty() {
                self.ask(context, Question::Hooks(due)).await?;
            }
        }
        let Known { nodes, instances } = known;
        let recorded = nodes
            .iter()
            .filter(|node| node.labels.contains_key(PROTECTED_LABEL));
        let recorded: BTreeSet<_> = recorded
            .filter_map(|node| facts::group(node, instances))
            .collect();
        let groups = &self.groups;
        let has_hook =
            |name| by_settings || groups.hooks_of(name).is_some_and(|hooks| hooks.terminating);
        let unhooked = names
            .iter()
            .filter(|name| !has_hook(name) || recorded.contains(name));
        Ok(unhooked.cloned().collect())
    }

    /// Has the groups described when it is time to; says when the next time is.
    async fn describe<O: Outside>(
        &mut self,
        context: &Context<O>,
        known: Known<'_>,
        names: &BTreeSet<String>,
    ) -> Result<Duration, StepError> {
        let edges = &context.edges;
        if self.described_in(known, names, edges).is_zero() {
            let names = names.iter().cloned().collect();
            self.ask(context, Question::Describe(names)).await?;
        }
        Ok(self.described_in(known, names, edges))
    }

    /// How long until it is time to.
    fn described_in(
        &self,
        Known { nodes, instances }: Known<'_>,
        names: &BTreeSet<String>,
        clock: &impl Now,
    ) -> Duration {
        let groups = &self.groups;
        let newcomers = nodes.iter().filter(|node| node.ready).any(|node| {
            let group = facts::group(node, instances).filter(|name| names.contains(*name));
            let member = group.and_then(|name| groups.member(name, node.instance_id.as_ref()?));
            group.is_some() && !member.is_some_and(|member| member.in_service)
        });
        groups.due_in(names, newcomers, clock.now())
    }

    fn facts(&self, known: Known<'_>, wanted: bool) -> Vec<protection::Node> {
        let fact = |node| facts::node(node, known.instances, &self.groups, wanted, &self.ill);
        known.nodes.iter().filter_map(fact).collect()
    }

    fn show(
        &self,
        nodes: &[NodeEntry],
        instances: &Instances,
        names: &BTreeSet<String>,
    ) -> Vec<ManagerGroup> {
        show::shown(&self.groups, self.trouble.as_ref(), nodes, instances, names)
    }

    /// Asks Auto Scaling. An answer that comes later wakes the leader, who looks again at what there is to do.
    async fn ask<O: Outside>(
        &mut self,
        context: &Context<O>,
        question: Question,
    ) -> Result<(), StepError> {
        let lifecycle = context.edges.lifecycle.clone();
        let asking = context.lanes.groups.ask(Heard::of(lifecycle, question));
        let heard = asking.await.ok_or(StepError::NotYet(None))?;
        Ok(self.hear(heard, context.edges.now())?)
    }

    /// Folds in what was answered.
    pub(super) fn hear(&mut self, heard: Heard, now: Moment) -> Result<(), CloudError> {
        for done in heard.done {
            self.groups.learn(done, now);
        }
        heard.failed.map_or(Ok(()), Err)
    }
}

/// The swarm's list, and EC2's word.
#[derive(Clone, Copy)]
struct Known<'a> {
    nodes: &'a [NodeEntry],
    instances: &'a Instances,
}
