//! Labels and activation: the decision is `leader::labelling`, the facts come from here.

use std::time::Duration;

use tracing::{info, warn};

use crate::run::{Agent, Outside, StepError};
use protocol::Instance;
use protocol::leader::labelling::{self, Labelling};
use protocol::{NodeChange, NodeEntry};

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
            match self.change(&node_id, &change).await {
                Ok(true) => info!(labelled = node_id, activated, "node labelled"),
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(more.then_some(Duration::ZERO)),
        }
    }

    fn unlabelled(&mut self, nodes: &[NodeEntry]) -> Vec<(String, NodeChange)> {
        let managers = self.settings.swarm.manager_availability;
        let mut due = Vec::new();
        for node in nodes.iter().filter(|node| node.ready) {
            let instance = self.node.instances().of(node.instance_id.as_ref());
            let labelling = labelling::next(node, instance, managers);
            match labelling {
                Labelling::Change(change) => {
                    if self.held(&node.id, &change).is_none() {
                        due.push((node.id.clone(), change));
                    }
                }
                Labelling::Impostor => self.tell_impostor(node),
                Labelling::Settled | Labelling::Waits => {}
            }
        }
        due
    }

    fn tell_impostor(&mut self, node: &NodeEntry) {
        let instance = self.node.instances().of(node.instance_id.as_ref());
        let (id, message) = (&node.id, impostor(node, instance));
        if !self.chores.said.contains(&message) {
            warn!(node = id, "{message}");
            self.chores.said.insert(message);
        }
    }
}

/// With both words: which of them is to be mended, a person has to see.
fn impostor(node: &NodeEntry, instance: Option<&Instance>) -> String {
    let address = node.address.map(|address| address.to_string());
    format!(
        "cannot activate node {}: it says that it is {}, but managers see it at {}, and EC2 knows that instance \
         at {}; it stays drained",
        node.id,
        node.instance_id.as_deref().unwrap_or_default(),
        address.as_deref().unwrap_or("no address"),
        instance.map_or_else(|| "no address".to_owned(), Instance::told_addresses),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use protocol::{Availability, Role};

    fn node(number: usize) -> NodeEntry {
        NodeEntry {
            id: format!("n{number}"),
            role: Role::Worker,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            ready: true,
            down: false,
            instance_id: Some(format!("i-{number}")),
            asks_to_leave: None,
            address: None,
            manager: None,
        }
    }

    #[test]
    fn an_impostor_is_told_with_both_words() {
        let entry = NodeEntry {
            address: "10.0.3.9".parse().ok(),
            ..node(1)
        };
        let instance = Instance {
            addresses: vec![
                "10.0.0.4/32".parse().unwrap(),
                "10.0.1.16/28".parse().unwrap(),
            ],
            ..Instance::default()
        };
        assert_eq!(
            impostor(&entry, Some(&instance)),
            "cannot activate node n1: it says that it is i-1, but managers see it at 10.0.3.9, and EC2 knows \
             that instance at 10.0.0.4, 10.0.1.16/28; it stays drained"
        );
        let unseen = impostor(&node(1), Some(&Instance::default()));
        let told = "managers see it at no address, and EC2 knows that instance at no address";
        assert!(unseen.contains(told), "{unseen}");
    }
}
