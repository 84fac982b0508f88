//! Managers by EC2's word: the decision is `swarm::promotion`, the facts come from here.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::{info, warn};

use crate::run::{Agent, Clock, Outside, StepError};
use protocol::labels::PROMOTED_LABEL;
use protocol::leader::promotion::{self, Promotion};
use protocol::pace::ROUND;
use protocol::{Epoch, Instance, Role, leader::labelling};
use protocol::{NodeChange, NodeEntry, Swarm};

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
        let epoch = swarm.epoch.or_else(|| self.knowledge.epoch());
        let concerned = nodes.iter().filter(|node| self.concerns(node, epoch));
        let list: Vec<_> = concerned.map(|node| self.candidate(node)).collect();
        self.tell_refused(&list);
        match promotion::next(&list, &self.fleet_of(&list)) {
            Promotion::Promote(node_id) => {
                let change = self.turned(nodes, &node_id, Role::Manager, epoch);
                if let Some(left) = self.held(&node_id, &change) {
                    return Ok(Some(left));
                }
                // A survivor that does not know of it would not count it: the ticket names it
                // before raft does.
                self.publish(&promoted(nodes, &node_id), swarm).await?;
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
                let ill = list.iter().filter(|node| !node.healthy);
                let ill = ill.map(|node| node.id.clone()).collect();
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

    /// Managers, and those that EC2 calls managers: of all others there may be thousands.
    fn concerns(&self, node: &NodeEntry, epoch: Option<Epoch>) -> bool {
        match node.role {
            Role::Manager => node.counts(epoch),
            Role::Worker => {
                let instance = self.knowledge.instances().of(node.instance_id.as_ref());
                instance.is_some_and(|instance| instance.role == Some(Role::Manager))
            }
        }
    }

    fn fleet_of(&self, list: &[promotion::Node]) -> BTreeMap<String, Instance> {
        let ids = list.iter().filter_map(|node| node.instance_id.as_ref());
        let known = ids.filter_map(|id| Some((id, self.knowledge.instances().of(Some(id))?)));
        known.map(|(id, word)| (id.clone(), word.clone())).collect()
    }

    fn candidate(&self, node: &NodeEntry) -> promotion::Node {
        let instance = self.knowledge.instances().of(node.instance_id.as_ref());
        promotion::Node {
            id: node.id.clone(),
            role: node.role,
            healthy: node.ready
                && node.manager.is_none_or(|m| m.reachable)
                && (node.role == Role::Worker || node.manager.is_some()),
            leader: node.manager.is_some_and(|m| m.leader),
            departing: node.departing().or_else(|| {
                let yields = self.chores.protection.yields(&node.id);
                yields.then_some(0)
            }),
            instance_id: node.instance_id.clone(),
            address: node.seen_at(instance),
        }
    }

    fn tell_refused(&mut self, list: &[promotion::Node]) {
        for node in promotion::refused(list, self.edges.clock.unix()) {
            let id = &node.id;
            if self.chores.said.insert(format!("refused {id}")) {
                warn!(
                    node = id,
                    "refuses the departure of manager {id}: it would break quorum"
                );
            }
        }
    }
}

/// The list as it will be. Only one that is healthy is promoted, so its label need not be in it.
fn promoted(nodes: &[NodeEntry], id: &str) -> Vec<NodeEntry> {
    let mut nodes = nodes.to_vec();
    for node in nodes.iter_mut().filter(|node| node.id == id) {
        node.role = Role::Manager;
    }
    nodes
}
