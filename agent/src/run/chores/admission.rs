//! Who does not belong is drained and removed: the decision is `leader::admission`.

use std::collections::BTreeSet;

use tracing::warn;

use super::snapshot::snapshot;
use crate::run::context::Context;
use crate::run::edges::Outside;
use protocol::leader::admission::{self, AGAIN, Admission, Doubts};
use protocol::leader::claims::{Claims, Doubt};
use protocol::leader::reaping::Downtimes;
use protocol::leader::{Change, Plan, Purpose, Records, labelling};
use protocol::node::Node;
use protocol::{Instance, Instances, NodeEntry};

/// What follows from the claims of all nodes.
pub(super) struct Verdicts {
    /// Whose entries lack something.
    pub(super) labels: Plan,
    /// Who is refused, and who goes.
    pub(super) admission: Plan,
}

/// Holds what nodes say of themselves against EC2's word, once for labels and admission.
pub(super) fn judge<O: Outside>(
    context: &Context<O>,
    node: &mut Node,
    records: &Records,
    doubts: &mut Doubts,
    downtimes: &Downtimes,
    nodes: &[NodeEntry],
) -> Verdicts {
    let managers = context.settings.swarm.manager_availability;
    let seen = snapshot(context, node, records, nodes);
    let judged = Claims::of(&seen).judged();
    doubts.look(&judged, seen.now);
    let labels = labelling::plan(&judged, managers);
    let removable = || downtimes.allowed(nodes, seen.now);
    let steps = admission::next(&seen, &judged, doubts, removable);
    let doubted = nodes.iter().filter(|node| doubts.has(&node.id));
    let doubted = doubted.filter(|node| node.refusal().is_none());
    let ripens = doubted.clone().any(|node| doubts.ripens(node));
    let ids = doubted.filter_map(|node| node.instance_id.as_deref());
    let ids: BTreeSet<&str> = ids.collect();
    node.instances_mut().doubt(&ids);
    Verdicts {
        labels,
        admission: admission::plan(steps, ripens.then_some(AGAIN)),
    }
}

/// A node was refused: with what it says, and EC2.
pub(super) fn tell(nodes: &[NodeEntry], instances: &Instances, what: Admission, change: &Change) {
    let Change::Entry {
        node: id,
        purpose: Purpose::Refuse(doubt),
        ..
    } = change
    else {
        return;
    };
    if let Some(node) = nodes.iter().find(|node| node.id == *id) {
        let instance = instances.of(node.instance_id.as_ref());
        warn!(node = id, "{}", told(node, *doubt, instance, what));
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
    use protocol::{Availability, Role};
    use std::collections::BTreeMap;

    /// A worker that has just joined.
    fn entry(number: usize) -> NodeEntry {
        NodeEntry {
            id: format!("n{number}"),
            created: None,
            role: Role::Worker,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            ready: true,
            down: false,
            instance_id: Some(format!("i-{number:08x}")),
            asks_to_leave: None,
            address: None,
            manager: None,
        }
    }

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
