//! Who does not belong is drained and removed: the decision is `leader::admission`.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use super::label::{Due, unlabelled};
use crate::run::{Agent, Outside, StepError};
use docker::Engine;
use protocol::leader::admission::{self, AGAIN, Admission, Step};
use protocol::leader::claims::{Claims, Doubt};
use protocol::{Instance, NodeEntry};

/// What follows from the claims of all nodes.
pub(super) struct Verdicts {
    /// Whose entries lack something.
    pub(super) labels: Vec<Due>,
    steps: Vec<Step>,
    again: Option<Duration>,
}

impl<O: Outside> Agent<O> {
    /// Holds what nodes say of themselves against EC2's word, once for labels and admission.
    pub(super) fn judge(&mut self, nodes: &[NodeEntry]) -> Verdicts {
        let mut doubts = std::mem::take(&mut self.chores.doubts);
        let managers = self.settings.swarm.manager_availability;
        let seen = self.snapshot(nodes);
        let judged = Claims::of(&seen).judged();
        doubts.look(&judged, seen.now);
        let labels = unlabelled(&judged, managers);
        let removable = || self.chores.downtimes.allowed(nodes, seen.now);
        let steps = admission::next(&seen, &judged, &doubts, removable);
        let doubted = nodes.iter().filter(|node| doubts.has(&node.id));
        let doubted = doubted.filter(|node| node.refusal().is_none());
        let ripens = doubted.clone().any(|node| doubts.ripens(node));
        let ids = doubted.filter_map(|node| node.instance_id.as_deref());
        let ids: BTreeSet<&str> = ids.collect();
        self.node.instances_mut().doubt(&ids);
        self.chores.doubts = doubts;
        Verdicts {
            labels,
            steps,
            again: ripens.then_some(AGAIN),
        }
    }

    /// Refuses and removes whom it is time to; says when to look again. One that fails does not hold the others up.
    pub(super) async fn admit(&mut self, found: Verdicts) -> Result<Option<Duration>, StepError> {
        let mut failed = None;
        for step in found.steps {
            if let Err(error) = self.refuse(step).await {
                failed = failed.or(Some(error));
            }
        }
        failed.map_or(Ok(found.again), Err)
    }

    async fn refuse(&mut self, step: Step) -> Result<(), StepError> {
        match step {
            Step::Refuse {
                node,
                doubt,
                change,
            } => {
                if self.change(&node.id, &change).await? {
                    let instance = self.node.instances().of(node.instance_id.as_ref());
                    let what = self.settings.swarm.admission;
                    warn!(node = node.id, "{}", told(&node, doubt, instance, what));
                }
            }
            Step::Remove { node, braked } => {
                self.edges.engine.remove(&node.id, true).await?;
                if braked {
                    self.chores.downtimes.braked(self.edges.now());
                }
                info!(
                    removed = node.id,
                    "node that does not belong to the cluster removed"
                );
            }
        }
        Ok(())
    }
}

/// With both words: which of them is to be mended, a person has to see.
fn told(node: &NodeEntry, doubt: Doubt, instance: Option<&Instance>, what: Admission) -> String {
    let id = node.instance_id.as_deref().unwrap_or_default();
    let seen_at = node.address.map(|address| address.to_string());
    let seen_at = seen_at.as_deref().unwrap_or("no address");
    let why = match doubt {
        Doubt::NoInstance => "it does not say which instance it is".to_owned(),
        Doubt::UnknownInstance => format!("it says that it is {id}, which EC2 does not know"),
        Doubt::InstanceEnded => format!("it says that it is {id}, which EC2 says does not run"),
        Doubt::OtherAddress => format!(
            "it says that it is {id}, but managers see it at {seen_at}, and EC2 knows that instance at {}",
            instance.map_or_else(|| "no address".to_owned(), Instance::told_addresses),
        ),
        Doubt::OtherCluster => format!(
            "it is {id}, whose tag swarm:cluster does not name this cluster: set it if it belongs here"
        ),
        Doubt::Unrecorded => format!(
            "it says that it is {id}, a manager by its tag, which has not written down that it is this node"
        ),
        Doubt::SecondClaim => format!("it says that it is {id}, which another node is already"),
    };
    let then = if node.is_in_raft() {
        "it is a manager, so nothing is done: demote and remove it if it is not yours"
    } else if what == Admission::Observe {
        "nothing is done, as swarm.admission says"
    } else if doubt == Doubt::Unrecorded {
        "it is given no tasks before that"
    } else {
        "it is given no tasks, and removed in 10 minutes"
    };
    format!("cannot admit node {}: {why}; {then}", node.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::chores::tests::entry;

    #[test]
    fn a_refusal_is_told_with_both_words() {
        let node = NodeEntry {
            address: "10.0.3.9".parse().ok(),
            ..entry(1)
        };
        let instance = Instance {
            addresses: vec![
                "10.0.0.4/32".parse().unwrap(),
                "10.0.1.16/28".parse().unwrap(),
            ],
            ..Instance::default()
        };
        let text = |what| told(&node, Doubt::OtherAddress, Some(&instance), what);
        assert_eq!(
            text(Admission::Enforce),
            "cannot admit node n1: it says that it is i-00000001, but managers see it at 10.0.3.9, and EC2 knows that \
             instance at 10.0.0.4, 10.0.1.16/28; it is given no tasks, and removed in 10 minutes"
        );
        let observed = text(Admission::Observe);
        assert!(
            observed.ends_with("nothing is done, as swarm.admission says"),
            "{observed}"
        );
        let unseen = told(&entry(1), Doubt::OtherAddress, None, Admission::Enforce);
        let expected = "managers see it at no address, and EC2 knows that instance at no address";
        assert!(unseen.contains(expected), "{unseen}");
    }
}
