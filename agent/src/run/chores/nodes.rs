//! The leader's chores that change nodes' entries, one node as good as another.

use std::time::Duration;

use super::admission::{self, judge};
use super::applier::Applier;
use super::label::label;
use super::leader::Leader;
use super::outcomes::Round;
use super::protect;
use super::reap::{ask_whether_they_live, brake};
use super::snapshot::snapshot;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::memory::Memory;
use protocol::NodeEntry;
use protocol::leader::reaping::{self, Downtimes};
use protocol::leader::{Change, Plan};

impl Leader {
    /// All of them, in their order. Raft's members change only while the ticket is `published`.
    pub(super) async fn care_for_nodes<O: Outside>(
        &mut self,
        context: &Context<O>,
        memory: &mut Memory,
        nodes: &[NodeEntry],
        published: bool,
        round: &mut Round,
    ) -> Result<(), StepError> {
        let edges = &context.edges;
        let (records, applier) = (&self.records, &mut self.applier);
        let (downtimes, outcomes) = (&mut self.downtimes, &mut self.outcomes);
        let done = match outcomes.was_late("reap") {
            Ok(()) => {
                downtimes.look(nodes, edges.now());
                let seen = snapshot(context, &memory.node, records, nodes);
                let plan = reaping::plan(&seen, downtimes, published);
                reap(context, memory, downtimes, applier, plan).await
            }
            Err(late) => Err(late),
        };
        outcomes.note(round, "reap", done)?;
        let (node, doubts) = (&mut memory.node, &mut self.doubts);
        let found = judge(context, node, records, doubts, downtimes, nodes);
        let labelling = label(&edges.engine, edges, applier, found.labels);
        let done = labelling.await.map_err(Into::into);
        outcomes.note(round, "label", done)?;
        let known = memory.node.instances();
        let what = context.settings.swarm.admission;
        let made = |change: &Change| {
            brake(downtimes, edges, change);
            admission::tell(nodes, known, what, change);
        };
        let admitting = applier.carry_out(&edges.engine, edges, found.admission, made);
        let done = admitting.await.map_err(Into::into);
        outcomes.note(round, "admission", done)?;
        let draining = self
            .drains
            .drain(context, &memory.node, records, applier, nodes);
        outcomes.note(round, "drain", draining.await)?;
        let seen = snapshot(context, &memory.node, records, nodes);
        let protecting = self.protection.protect(context, applier, outcomes, seen);
        let done = protecting.await;
        let shown = self.protection.shown();
        self.metrics.groups(shown);
        let done = protect::tell(&mut self.said, shown, done);
        outcomes.note(round, "protection", done)
    }
}

/// Takes dead nodes' entries away if it is time to; says when to look again.
async fn reap<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    downtimes: &mut Downtimes,
    applier: &mut Applier,
    mut plan: Plan,
) -> Result<Option<Duration>, StepError> {
    let asks = std::mem::take(&mut plan.asks);
    if !asks.is_empty() {
        ask_whether_they_live(context, memory, asks).await?;
    }
    let edges = &context.edges;
    let made = |change: &Change| brake(downtimes, edges, change);
    let reaping = applier.carry_out(&edges.engine, edges, plan, made);
    Ok(reaping.await?)
}
