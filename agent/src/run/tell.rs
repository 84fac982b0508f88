//! What people and programs on this host learn of the agent's rounds.

use super::{Agent, Outside, StepError};
use protocol::{Action, Decision, Epoch, Outcome};
use view::status::facts;
use view::status::groups::ManagerGroup;
use view::status::{self, Claimed, Issued, Status};

impl<O: Outside> Agent<O> {
    /// A decision was made that is news.
    pub(super) fn note(&mut self, decision: &Decision) {
        let (action, reason) = (decision.action.name(), decision.reason.name());
        self.story
            .decided(status::now(), action, reason, &decision.reason.to_string());
    }

    /// Every round counts, news or not.
    pub(super) fn count(&self, decision: &Decision) {
        let serving = matches!(decision.action, Action::Serve(_));
        self.metrics.decided(status::now(), decision, serving);
        let Some(seen) = &self.seen else {
            return;
        };
        let epoch = self.node.epoch().map(Epoch::number);
        self.metrics
            .saw(&seen.engine, epoch, seen.departure.is_some());
        let leads = serving && decision.reason.leads();
        let ticket = self.issued().filter(|_| leads);
        self.metrics
            .ticket(ticket.map(|ticket| (ticket.issued_at, ticket.seen_at)));
    }

    /// Its step has ended.
    pub(super) fn note_end(&mut self, error: Option<&StepError>) {
        self.story.ended(error.map(ToString::to_string));
    }

    pub(super) fn status(&self, decision: &Decision) -> Status {
        let decisions = self.story.told();
        let stacks = self.edges.stacks.overview();
        Status {
            at: status::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance_id: self.identity.instance_id.clone(),
            cluster: self.identity.cluster.to_string(),
            role: self.identity.role.as_str().to_owned(),
            action: decision.action.name().to_owned(),
            reason: decision.reason.name().to_owned(),
            text: decision.reason.to_string(),
            serving: matches!(decision.action, Action::Serve(_)),
            facts: self.seen.as_ref().map(facts::of).unwrap_or_default(),
            trouble: decisions.first().and_then(|told| told.error.clone()),
            epoch: self.node.epoch().map(Epoch::number),
            claim: self.claimed(),
            ticket: self.issued(),
            decisions,
            stacks: stacks.stacks,
            registries: stacks.registries,
            stacks_trouble: stacks.trouble,
            groups: self.shown_groups(decision),
            boot: self.trace.told(),
        }
    }

    fn shown_groups(&self, decision: &Decision) -> Vec<ManagerGroup> {
        let leads = matches!(decision.action, Action::Serve(_)) && decision.reason.leads();
        let groups = self.chores.groups().iter();
        groups.filter(|_| leads).cloned().collect()
    }

    /// A leader knows what it has published; others know what they have read.
    fn issued(&self) -> Option<Issued> {
        let now = self.edges.now();
        let read = self.node.ticket_read();
        let read = read.and_then(|read| Some((read.answer()?.clone()?, read.age(now))));
        let published = self
            .chores
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

    fn claimed(&self) -> Option<Claimed> {
        let registers = self.node.registers()?;
        Some(Claimed {
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
        })
    }
}
