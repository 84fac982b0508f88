//! Labels and activation: the decision is `swarm::labelling`, the facts come from here.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use tracing::{info, warn};

use crate::engine::{Engine, NodeChange, NodeEntry};
use crate::run::{Agent, Outside, StepError};
use crate::swarm::labelling::{self, Change, Labelling};

/// So many nodes at most in one round: the other chores wait meanwhile.
const AT_ONCE: usize = 50;

impl<O: Outside> Agent<O> {
    /// Labels and activates the nodes that are ready. One that fails does not hold the others up.
    pub(super) async fn label(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let mut due = self.unlabelled(nodes);
        let more = due.len() > AT_ONCE;
        due.truncate(AT_ONCE);
        let mut failed = None;
        for (node_id, change) in due {
            let activated = change.availability.is_some();
            let done = self.edges.engine.update(&node_id, &wanted(change)).await;
            match done {
                Ok(()) => info!(labelled = node_id, activated, "node labelled"),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(more.then_some(Duration::ZERO)),
        }
    }

    fn unlabelled(&mut self, nodes: &[NodeEntry]) -> Vec<(String, Change)> {
        let managers = self.settings.swarm.manager_availability;
        let mut due = Vec::new();
        for node in nodes.iter().filter(|node| node.ready) {
            let instance = self.chores.instances.of(node.instance_id.as_ref());
            let private_ip = instance.and_then(|instance| instance.private_ip);
            let labelling = labelling::next(&entry(node, private_ip), instance, managers);
            match labelling {
                Labelling::Change(change) => due.push((node.id.clone(), change)),
                Labelling::Impostor => self.tell_impostor(node),
                Labelling::Settled | Labelling::Waits => {}
            }
        }
        due
    }

    fn tell_impostor(&mut self, node: &NodeEntry) {
        let (id, instance) = (&node.id, node.instance_id.as_deref().unwrap_or_default());
        if self.chores.said.insert(format!("impostor {id} {instance}")) {
            let address = node.address.map(|address| address.to_string());
            warn!(
                node = id,
                "cannot activate node {id}: it says that it is {instance}, whose address is not {}; \
                 it stays drained",
                address.as_deref().unwrap_or("known")
            );
        }
    }
}

/// A manager's address is also the one under which raft knows it: of the leader itself Docker does
/// not always tell another.
pub(super) fn address(node: &NodeEntry, private_ip: Option<IpAddr>) -> Option<IpAddr> {
    let listens = node.manager.map(|manager| manager.address.ip());
    listens
        .filter(|ip| private_ip == Some(*ip))
        .or(node.address)
}

pub(super) fn entry(node: &NodeEntry, private_ip: Option<IpAddr>) -> labelling::Node<'_> {
    labelling::Node {
        role: node.role,
        availability: node.availability,
        labels: Cow::Borrowed(&node.labels),
        departing: node.departing().is_some(),
        instance_id: node.instance_id.clone(),
        address: address(node, private_ip),
    }
}

fn wanted(change: Change) -> NodeChange {
    NodeChange {
        availability: change.availability,
        labels: change.labels,
        role: None,
    }
}
