//! The leader's round: one chore after the other, and what each remembers.

use std::time::Duration;

use super::applier::Applier;
use super::drain::Drains;
use super::outcomes::{Outcomes, Round, Said};
use super::promote::{Promotions, members};
use super::protect::Protected;
use super::publish::Published;
use super::rotate::rotate;
use super::{instances, lock, records};
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::memory::Memory;
use crate::run::steps::hear_lives;
use docker::{Engine, NodeList};
use protocol::leader::Records;
use protocol::leader::admission::Doubts;
use protocol::leader::reaping::Downtimes;
use protocol::{Moment, NodeEntry, Swarm, Ticket};
use view::metrics::Metrics;
use view::status::groups::ManagerGroup;

/// A list that is older is made anew before nodes are changed by it: an AWS that does not answer has held it up, and who
/// was to stay may have to leave by now.
const OLD: Duration = Duration::from_secs(1);

/// What the chores remember from round to round. None of it matters after a restart.
#[derive(Debug, Default)]
pub(in crate::run) struct Leader {
    ticket: Published,
    key: lock::Published,
    pub(super) downtimes: Downtimes,
    pub(super) protection: Protected,
    /// Nodes whose claims to be an instance are refuted.
    pub(super) doubts: Doubts,
    /// What managers' agents have written down of their nodes.
    pub(super) records: Records,
    pub(super) drains: Drains,
    promotions: Promotions,
    pub(super) applier: Applier,
    pub(super) said: Said,
    pub(in crate::run) outcomes: Outcomes,
    pub(super) metrics: Metrics,
}

/// The swarm's nodes, and the swarm.
type Listed = (Vec<NodeEntry>, Swarm);

/// Lists them. A survivor has to know whom raft counted: while that cannot be written down, here or
/// in the ticket, raft's members do not change.
async fn list<O: Outside>(context: &Context<O>, memory: &mut Memory) -> Result<Listed, StepError> {
    let engine = &context.edges.engine;
    let listed = tokio::try_join!(engine.nodes(None), engine.swarm())?;
    memory.remember_peers(&listed.0, &context.edges)?;
    Ok(listed)
}

impl Leader {
    /// Counts there from now on.
    pub(in crate::run) fn count_in(&mut self, metrics: &Metrics) {
        self.outcomes.failures = metrics.chores();
        self.metrics = metrics.clone();
    }

    /// The ticket as this leader knows it, and how long ago it knew.
    pub(in crate::run) fn ticket(&self, now: Moment) -> Option<(&Ticket, Duration)> {
        self.ticket.ticket(now)
    }

    /// How long until something may be asked again that AWS has refused for too many requests.
    pub(in crate::run) fn held(&self, now: Moment) -> Option<Duration> {
        let held = [self.ticket.busy.left(now), self.key.busy.left(now)];
        held.into_iter().flatten().min()
    }

    /// The managers' groups, as this leader sees them.
    pub(in crate::run) fn groups(&self) -> &[ManagerGroup] {
        self.protection.shown()
    }

    /// Folds in what was answered between two rounds.
    pub(in crate::run) fn hear<O: Outside>(&mut self, context: &Context<O>, memory: &mut Memory) {
        let (edges, outcomes) = (&context.edges, &mut self.outcomes);
        if let Some(put) = context.lanes.ticket.take() {
            let done = self.ticket.hear(memory, edges.now(), put);
            outcomes.late("ticket", done);
        }
        if let Some(recorded) = context.lanes.records.take() {
            let done = records::hear(&mut self.records, recorded, edges.now());
            outcomes.late("records", done);
        }
        if let Some(kept) = context.lanes.key.take() {
            let done = self.key.hear(kept, edges.now());
            outcomes.late("unlock-key", done);
        }
        if let Some(refreshed) = context.lanes.instances.take() {
            let done = instances::hear(context, memory.node.instances_mut(), refreshed);
            outcomes.late("instances", done);
        }
        if let Some(lives) = context.lanes.lives.take() {
            let done = lives.and_then(|lives| hear_lives(memory, edges, lives));
            outcomes.late("reap", done);
        }
        if let Some(heard) = context.lanes.groups.take() {
            let done = self.protection.hear(heard, edges.now());
            outcomes.late("protection", done.map_err(Into::into));
        }
    }

    /// Does what is due; says when to look again, if before the next round. The first error of a
    /// chore is the round's: gaps grow while it stays.
    pub(in crate::run) async fn round<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
    ) -> Result<Option<Duration>, StepError> {
        let edges = &context.edges;
        let mut listed = list(context, memory).await?;
        let mut at = edges.now().stamp();
        self.metrics.nodes(&listed.0);
        let mut round = Round::default();
        let published = self.tell_and_ask(context, memory, &listed, &mut round);
        let published = published.await?;
        if at.age(edges.now()) > OLD {
            listed = list(context, memory).await?;
            at = edges.now().stamp();
        }
        let caring = self.care_for_nodes(context, memory, &listed.0, published, &mut round);
        caring.await?;
        if published {
            let done = self.rotate(context, memory, &listed.1).await;
            let done = done.map(|()| None);
            self.outcomes.note(&mut round, "tokens", done)?;
            if at.age(edges.now()) > OLD {
                listed = list(context, memory).await?;
            }
            let done = self.promote(context, memory, &listed).await;
            self.outcomes.note(&mut round, "promote", done)?;
            edges.stacks.set(true);
        }
        self.outcomes.again = round.soonest;
        round.failed.map_or(Ok(round.soonest), Err)
    }

    /// What AWS is told, and asked: whether the ticket is right.
    async fn tell_and_ask<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
        (nodes, swarm): &Listed,
        round: &mut Round,
    ) -> Result<bool, StepError> {
        let outcomes = &mut self.outcomes;
        let done = match outcomes.was_late("ticket") {
            Ok(()) => {
                let publishing = self.ticket.publish(context, memory, nodes, swarm);
                publishing.await
            }
            late => late,
        };
        let published = done.is_ok();
        outcomes.note(round, "ticket", done.map(|()| None))?;
        let done = if swarm.autolock {
            match outcomes.was_late("unlock-key") {
                Ok(()) => self.key.publish(context).await,
                late => late,
            }
        } else {
            self.key = lock::Published::default();
            Ok(())
        };
        outcomes.note(round, "unlock-key", done.map(|()| None))?;
        let fails = outcomes.failing.contains_key("instances");
        let known = memory.node.instances_mut();
        let done = match outcomes.was_late("instances") {
            Ok(()) => instances::ask(context, known, nodes, fails).await,
            Err(late) => Err(late),
        };
        outcomes.note(round, "instances", done)?;
        let (node, records, said) = (&memory.node, &mut self.records, &mut self.said);
        let done = match outcomes.was_late("records") {
            Ok(()) => records::ask(context, node, records, said, nodes).await,
            Err(late) => Err(late),
        };
        outcomes.note(round, "records", done)?;
        Ok(published)
    }

    /// Draws new tokens when it is time to, and publishes them.
    async fn rotate<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
        swarm: &Swarm,
    ) -> Result<(), StepError> {
        if rotate(context, swarm).await? {
            self.publish_anew(context, memory).await?;
        }
        Ok(())
    }

    /// Publishes the ticket of the swarm as it is now.
    pub(in crate::run) async fn publish_anew<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
    ) -> Result<(), StepError> {
        let engine = &context.edges.engine;
        let nodes = engine.nodes(None).await?;
        let swarm = engine.swarm().await?;
        let publishing = self.ticket.publish(context, memory, &nodes, &swarm);
        publishing.await
    }

    /// Promotes or demotes one node if it is time to; says when to look again.
    async fn promote<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
        (nodes, swarm): &Listed,
    ) -> Result<Option<Duration>, StepError> {
        let epoch = swarm.epoch.or_else(|| memory.node.epoch());
        let (records, protection) = (&self.records, &self.protection);
        let yields = |id: &str| protection.yields(id);
        let said = &mut self.said;
        let members = members(context, &memory.node, records, yields, said, nodes, epoch);
        self.ticket.keep_named(members.next.promoted());
        if let Some(node_id) = members.next.promoted() {
            let now = context.edges.now();
            let mut changes = members.plan.changes.iter();
            if let Some(left) = changes.find_map(|change| self.applier.held(change, now)) {
                return Ok(Some(left));
            }
            // A survivor that does not know of it would not count it: the ticket names it
            // before raft does.
            self.ticket.name(node_id);
            let publishing = self.ticket.publish(context, memory, nodes, swarm);
            publishing.await?;
        }
        let applier = &mut self.applier;
        self.promotions.change(context, applier, members).await
    }
}
