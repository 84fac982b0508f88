//! Managers by EC2's word: the decision is `leader::promotion`.

use std::time::Duration;

use tracing::warn;

use super::applier::Applier;
use super::outcomes::Said;
use super::snapshot::snapshot;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use protocol::leader::promotion::{self, AT_ONCE, Candidates, Promotion, SOON};
use protocol::leader::{Change, Plan, Purpose, Records, Snapshot};
use protocol::node::Node;
use protocol::pace::ROUND;
use protocol::repeats::Stillness;
use protocol::{Epoch, NodeEntry, Stamp};

/// For so long a promotion counts as new.
const NEW: Duration = Duration::from_secs(5);

/// What this chore remembers.
#[derive(Debug, Default)]
pub(super) struct Promotions {
    /// When the last node was promoted.
    last: Option<Stamp>,
    /// The managers that a change of raft's members waits for.
    unhealthy: Stillness<Vec<String>>,
}

/// What is to become of raft's members.
pub(super) struct Members {
    pub(super) next: Promotion,
    /// What that makes of its entry.
    pub(super) plan: Plan,
    /// Who is not healthy.
    ill: Vec<String>,
}

/// Who is promoted or demoted next; says once who is not, and why.
pub(super) fn members<O: Outside>(
    context: &Context<O>,
    node: &Node,
    records: &Records,
    yields: impl Fn(&str) -> bool,
    said: &mut Said,
    nodes: &[NodeEntry],
    epoch: Option<Epoch>,
) -> Members {
    let seen = Snapshot {
        epoch,
        ..snapshot(context, node, records, nodes)
    };
    let list = Candidates::of(&seen, yields);
    let (next, ill) = (promotion::next(&list), list.ill());
    tell_refused(said, &list.refused(context.edges.now().unix));
    tell_unauthorised(said, list.unauthorised());
    let managers = context.settings.swarm.manager_availability;
    let plan = promotion::plan(&next, nodes, epoch, managers);
    Members { next, plan, ill }
}

impl Promotions {
    /// Promotes or demotes one node if it is time to; says when to look again. The ticket has named who is promoted.
    pub(super) async fn change<O: Outside>(
        &mut self,
        context: &Context<O>,
        applier: &mut Applier,
        members: Members,
    ) -> Result<Option<Duration>, StepError> {
        let edges = &context.edges;
        match members.next {
            Promotion::Promote(_) | Promotion::Demote(_) => {
                let made = |change: &Change| {
                    if is_promotion(change) {
                        self.last = Some(edges.now().stamp());
                    }
                };
                let plan = members.plan;
                let changing = applier.carry_out(&edges.engine, edges, plan, made);
                Ok(changing.await?)
            }
            Promotion::Hold => {
                let now = edges.now();
                let new = self.last.is_some_and(|at| at.age(now) < NEW);
                let first = if new { AT_ONCE } else { SOON };
                Ok(Some(self.unhealthy.look(members.ill, first, ROUND, now)))
            }
            Promotion::Settled => {
                self.unhealthy.over();
                Ok(None)
            }
        }
    }
}

fn is_promotion(change: &Change) -> bool {
    matches!(
        change,
        Change::Entry {
            purpose: Purpose::Promote,
            ..
        }
    )
}

fn tell_unauthorised<'a>(said: &mut Said, nodes: impl Iterator<Item = (&'a str, &'a str)>) {
    for (node, instance) in nodes {
        if said.is_new(format!("unauthorised {node}")) {
            warn!(
                node,
                "cannot promote node {node}: the tags of its instance {instance} call it a manager, but it has not \
                 the instance profile of this one"
            );
        }
    }
}

fn tell_refused(said: &mut Said, ids: &[String]) {
    for id in ids {
        if said.is_new(format!("refused {id}")) {
            warn!(
                node = id,
                "refuses the departure of manager {id}: it would break quorum"
            );
        }
    }
}
