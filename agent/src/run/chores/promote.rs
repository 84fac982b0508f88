//! Managers by EC2's word: the decision is `leader::promotion`.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::{info, warn};

use crate::run::{Agent, Outside, StepError};
use protocol::labels::PROMOTED_LABEL;
use protocol::leader::Snapshot;
use protocol::leader::promotion::{self, Candidates, Promotion};
use protocol::pace::ROUND;
use protocol::{Epoch, NodeChange, NodeEntry, Role, Swarm, leader::labelling};

/// Between looks at a manager that is not reachable. No event tells when it is.
const SOON: Duration = Duration::from_millis(500);
/// The same after a promotion: the next one waits for this one, and it takes about a second.
const AT_ONCE: Duration = Duration::from_millis(100);
/// For so long a promotion counts as new.
const NEW: Duration = Duration::from_secs(5);

impl<O: Outside> Agent<O> {
    /// Promotes or demotes one node if it is time to; says when to look again.
    pub(super) async fn promote(
        &mut self,
        nodes: &[NodeEntry],
        swarm: &Swarm,
    ) -> Result<Option<Duration>, StepError> {
        let epoch = swarm.epoch.or_else(|| self.node.epoch());
        let list = self.candidates(nodes, epoch);
        let (next, ill) = (promotion::next(&list), list.ill());
        let refused = list.refused(self.edges.now().unix);
        let unauthorised = list
            .unauthorised()
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        let unauthorised: Vec<_> = unauthorised.collect();
        self.tell_refused(&refused);
        self.tell_unauthorised(&unauthorised);
        self.change_members(nodes, swarm, epoch, next, ill).await
    }

    fn candidates<'a>(&'a self, nodes: &'a [NodeEntry], epoch: Option<Epoch>) -> Candidates<'a> {
        let seen = Snapshot {
            epoch,
            ..self.snapshot(nodes)
        };
        let protection = &self.chores.protection;
        Candidates::of(&seen, |id| protection.yields(id))
    }

    async fn change_members(
        &mut self,
        nodes: &[NodeEntry],
        swarm: &Swarm,
        epoch: Option<Epoch>,
        next: Promotion,
        ill: Vec<String>,
    ) -> Result<Option<Duration>, StepError> {
        self.chores
            .published
            .naming
            .take_if(|node_id| next != Promotion::Promote(node_id.clone()));
        match next {
            Promotion::Promote(node_id) => {
                let change = self.turned(nodes, &node_id, Role::Manager, epoch);
                if let Some(left) = self.held(&node_id, &change) {
                    return Ok(Some(left));
                }
                // A survivor that does not know of it would not count it: the ticket names it
                // before raft does.
                self.chores.published.naming = Some(node_id.clone());
                self.publish(nodes, swarm).await?;
                self.change(&node_id, &change).await?;
                info!(promoted = node_id, "node promoted to manager");
                self.chores.promoted = Some(self.edges.now().stamp());
                Ok(Some(AT_ONCE))
            }
            Promotion::Demote(node_id) => {
                let change = self.turned(nodes, &node_id, Role::Worker, None);
                if !self.change(&node_id, &change).await? {
                    return Ok(self.held(&node_id, &change));
                }
                info!(
                    demoted = node_id,
                    "manager that leaves, or is to be a worker, demoted"
                );
                Ok(Some(SOON))
            }
            Promotion::Hold => {
                let now = self.edges.now();
                let new = self.chores.promoted.is_some_and(|at| at.age(now) < NEW);
                let first = if new { AT_ONCE } else { SOON };
                Ok(Some(self.chores.unhealthy.look(ill, first, ROUND, now)))
            }
            Promotion::Settled => {
                self.chores.unhealthy.over();
                Ok(None)
            }
        }
    }

    /// Another role, and in the same update the availability that goes with it and the epoch of its
    /// promotion, if it is one.
    fn turned(
        &self,
        nodes: &[NodeEntry],
        id: &str,
        role: Role,
        promoted: Option<Epoch>,
    ) -> NodeChange {
        let managers = self.settings.swarm.manager_availability;
        let node = nodes.iter().find(|node| node.id == id);
        // Who is not activated yet is given its availability then.
        let node = node.filter(|node| node.labels.contains_key(labelling::ACTIVATED));
        let node = node.filter(|node| node.departing().is_none());
        NodeChange {
            availability: node.and_then(|node| labelling::turned(node, role, managers)),
            labels: BTreeMap::from([(
                PROMOTED_LABEL.to_owned(),
                promoted.map(|epoch| epoch.to_string()),
            )]),
            ..NodeChange::role(role)
        }
    }

    fn tell_unauthorised(&mut self, nodes: &[(String, String)]) {
        for (node, instance) in nodes {
            if self.chores.said.insert(format!("unauthorised {node}")) {
                warn!(
                    node,
                    "cannot promote node {node}: the tags of its instance {instance} call it a manager, but it has not \
                     the instance profile of this one"
                );
            }
        }
    }

    fn tell_refused(&mut self, ids: &[String]) {
        for id in ids {
            if self.chores.said.insert(format!("refused {id}")) {
                warn!(
                    node = id,
                    "refuses the departure of manager {id}: it would break quorum"
                );
            }
        }
    }
}
