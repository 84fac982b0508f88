//! What people and programs on this host learn of the agent's rounds. It reads what the others know, and changes none of it.

use super::chores::Leader;
use super::edges::Now;
use super::error::StepError;
use crate::identity::InstanceIdentity;
use protocol::departure::Cause;
use protocol::node::Node;
use protocol::{Action, Decision, Epoch, Moment, Observation, Outcome, Registers};
use stacks::Overview;
use tokio::sync::watch;
use view::metrics::Metrics;
use view::status::boot::Trace;
use view::status::disk::Disk;
use view::status::groups::ManagerGroup;
use view::status::story::Story;
use view::status::{self, Claimed, Issued, Status, facts};

/// Status, metrics and the story of the last decisions.
#[derive(Default)]
pub(super) struct Recorder {
    /// What the last decision rested on.
    seen: Option<Observation>,
    /// The last decisions, for people.
    story: Story,
    /// The way here, until this node served.
    pub(super) trace: Trace,
    /// How the engine's disk stands, where somebody looks after it.
    pub(super) disk: Option<watch::Receiver<Option<Disk>>>,
    metrics: Metrics,
}

/// Who knows what is told.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) identity: &'a InstanceIdentity,
    pub(super) node: &'a Node,
    pub(super) leader: &'a Leader,
}

fn leads(decision: &Decision) -> bool {
    matches!(decision.action, Action::Serve(_)) && decision.reason.leads()
}

impl Recorder {
    /// Counts there from now on.
    pub(super) fn count_in(&mut self, metrics: &Metrics, node: &InstanceIdentity) {
        metrics.identified(&node.instance_id, node.cluster.as_str(), node.role);
        self.metrics = metrics.clone();
    }

    /// What the next decision rests on.
    pub(super) fn saw(&mut self, seen: Observation) {
        self.seen = Some(seen);
    }

    /// A decision was made that is news.
    pub(super) fn decided(&mut self, decision: &Decision) {
        let (action, reason) = (decision.action.name(), decision.reason.name());
        self.story
            .decided(status::now(), action, reason, &decision.reason.to_string());
    }

    /// Every round counts, news or not.
    pub(super) fn count(&self, decision: &Decision, from: Sources<'_>, clock: &impl Now) {
        let serving = matches!(decision.action, Action::Serve(_));
        self.metrics.decided(status::now(), decision, serving);
        let Some(seen) = &self.seen else {
            return;
        };
        let epoch = from.node.epoch().map(Epoch::number);
        self.metrics
            .saw(&seen.engine, epoch, seen.departure.is_some());
        let ticket = issued(from, clock.now()).filter(|_| leads(decision));
        self.metrics
            .ticket(ticket.map(|ticket| (ticket.issued_at, ticket.seen_at)));
    }

    /// Its step has ended.
    pub(super) fn ended(&mut self, error: Option<&StepError>) {
        self.story.ended(error.map(ToString::to_string));
    }

    /// A step did not succeed.
    pub(super) fn failed(&self, action: &'static str) {
        self.metrics.failed(action);
    }

    /// A departure has begun, or is another.
    pub(super) fn departs(&self, cause: Cause) {
        self.metrics.departs(cause);
    }

    /// This node does not lead.
    pub(super) fn follows(&self) {
        self.metrics.follows();
    }

    /// All that is shown of this node.
    pub(super) fn status(
        &self,
        decision: &Decision,
        from: Sources<'_>,
        stacks: Overview,
        clock: &impl Now,
    ) -> Status {
        let decisions = self.story.told();
        Status {
            at: status::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance_id: from.identity.instance_id.clone(),
            cluster: from.identity.cluster.to_string(),
            role: from.identity.role.as_str().to_owned(),
            action: decision.action.name().to_owned(),
            reason: decision.reason.name().to_owned(),
            text: decision.reason.to_string(),
            serving: matches!(decision.action, Action::Serve(_)),
            facts: self.seen.as_ref().map(facts::of).unwrap_or_default(),
            trouble: decisions.first().and_then(|told| told.error.clone()),
            epoch: from.node.epoch().map(Epoch::number),
            claim: from.node.registers().map(claimed),
            ticket: issued(from, clock.now()),
            decisions,
            stacks: stacks.stacks,
            registries: stacks.registries,
            stacks_trouble: stacks.trouble,
            groups: shown_groups(decision, from.leader),
            disk: self.disk.as_ref().and_then(|disk| disk.borrow().clone()),
            boot: self.trace.told(),
        }
    }
}

fn shown_groups(decision: &Decision, leader: &Leader) -> Vec<ManagerGroup> {
    let groups = leader.groups().iter();
    groups.filter(|_| leads(decision)).cloned().collect()
}

/// A leader knows what it has published; others know what they have read.
fn issued(from: Sources<'_>, now: Moment) -> Option<Issued> {
    let read = from.node.ticket_read();
    let read = read.and_then(|read| Some((read.answer()?.clone()?, read.age(now))));
    let published = from
        .leader
        .ticket(now)
        .map(|(ticket, age)| (ticket.clone(), age));
    let (ticket, age) = published.or(read)?;
    Some(Issued {
        epoch: ticket.epoch.number(),
        by: ticket.issued_by,
        issued_at: ticket.issued_at,
        seen_at: status::now().saturating_sub(age.as_secs()),
    })
}

fn claimed(registers: &Registers) -> Claimed {
    Claimed {
        epoch: registers.epoch.number(),
        holder: registers
            .claim
            .as_ref()
            .map(|claim| claim.instance_id.clone()),
        outcome: registers.outcome.as_ref().map(|outcome| {
            let word = match outcome {
                Outcome::Formed { .. } => "formed",
                Outcome::PassedOver { .. } => "passed-over",
            };
            word.to_owned()
        }),
    }
}
