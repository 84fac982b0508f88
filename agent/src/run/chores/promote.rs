//! Managers by EC2's word: the decision is `swarm::promotion`, the facts come from here.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use tracing::info;

use crate::cloud::fleet::{Fleet, Instance, InstanceState};
use crate::engine::{Engine, NodeChange, NodeEntry, Swarm};
use crate::node::{CLUSTER_TAG, ROLE_TAG};
use crate::run::{Agent, Outside, StepError};
use crate::swarm::promotion::{self, Promotion};
use crate::swarm::{ClusterName, Role};

/// A new manager is reachable one to two seconds after its promotion; node events tell.
const SOON: Duration = Duration::from_millis(500);
/// EC2's answers lag behind a launch: an instance without tags is asked about again.
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// Values of one filter (`DescribeInstances` takes up to 200).
const BATCH: usize = 100;

/// EC2's word about the nodes' instances, asked for once.
#[derive(Debug, Default)]
pub(super) struct FleetView {
    known: BTreeMap<String, (Option<promotion::Instance>, Instant)>,
}

impl FleetView {
    /// Workers' instances that EC2 has not been asked about, or whose answer was empty.
    fn unknown(&self, nodes: &[NodeEntry]) -> Vec<String> {
        let workers = nodes
            .iter()
            .filter(|node| node.role == Role::Worker && node.ready);
        let ids = workers.filter_map(|node| node.instance_id.clone());
        ids.filter(|id| match self.known.get(id) {
            None => true,
            Some((None, asked)) => asked.elapsed() >= ASK_AGAIN,
            Some((Some(_), _)) => false,
        })
        .take(BATCH)
        .collect()
    }

    fn waiting(&self, nodes: &[NodeEntry]) -> bool {
        let ids = nodes.iter().filter_map(|node| node.instance_id.as_ref());
        ids.filter_map(|id| self.known.get(id))
            .any(|(answer, _)| answer.is_none())
    }

    fn learn(&mut self, ids: Vec<String>, instances: &[Instance], cluster: &ClusterName) {
        for id in ids {
            let told = instances
                .iter()
                .find(|i| i.id == id && i.tags.contains_key(ROLE_TAG));
            self.known
                .insert(id, (told.map(|i| word(i, cluster)), Instant::now()));
        }
    }

    /// What is known of instances that are no longer nodes is dropped.
    fn forget(&mut self, nodes: &[NodeEntry]) {
        self.known
            .retain(|id, _| nodes.iter().any(|n| n.instance_id.as_ref() == Some(id)));
    }
}

fn word(instance: &Instance, cluster: &ClusterName) -> promotion::Instance {
    let tag = |key: &str| instance.tags.get(key).map(String::as_str);
    promotion::Instance {
        alive: instance.state == InstanceState::Alive,
        manager_of_this_cluster: tag(ROLE_TAG) == Some(Role::Manager.as_str())
            && tag(CLUSTER_TAG) == Some(cluster.as_str()),
        private_ip: instance.private_ip,
    }
}

impl<O: Outside> Agent<O> {
    /// Promotes one node if it is time to; says when to look again.
    pub(super) async fn promote(
        &mut self,
        nodes: &[NodeEntry],
        swarm: &Swarm,
    ) -> Result<Option<Duration>, StepError> {
        self.ask_about(nodes).await?;
        let fleet = &self.chores.fleet;
        let told = fleet.known.iter();
        let told = told.filter_map(|(id, (word, _))| Some((id.clone(), word.clone()?)));
        let counted = nodes
            .iter()
            .filter(|n| n.role == Role::Worker || n.counts());
        let list: Vec<_> = counted.map(entry).collect();
        match promotion::next(&list, &told.collect()) {
            Promotion::Promote(node_id) => {
                // A survivor that does not know of it would not count it: the ticket names it
                // before raft does.
                self.publish(&promoted(nodes, &node_id), swarm).await?;
                let change = NodeChange::role(Role::Manager);
                self.edges.engine.update(&node_id, &change).await?;
                info!(promoted = node_id, "node promoted to manager");
                Ok(Some(SOON))
            }
            Promotion::Hold => Ok(Some(SOON)),
            Promotion::Settled => Ok(fleet.waiting(nodes).then_some(ASK_AGAIN)),
        }
    }

    async fn ask_about(&mut self, nodes: &[NodeEntry]) -> Result<(), StepError> {
        self.chores.fleet.forget(nodes);
        let ids = self.chores.fleet.unknown(nodes);
        if ids.is_empty() {
            return Ok(());
        }
        let instances = self.edges.fleet.instances(&ids).await?;
        self.chores.fleet.learn(ids, &instances, &self.node.cluster);
        Ok(())
    }
}

/// The list as it will be.
fn promoted(nodes: &[NodeEntry], id: &str) -> Vec<NodeEntry> {
    let mut nodes = nodes.to_vec();
    for node in nodes.iter_mut().filter(|node| node.id == id) {
        node.role = Role::Manager;
    }
    nodes
}

fn entry(node: &NodeEntry) -> promotion::Node {
    promotion::Node {
        id: node.id.clone(),
        role: node.role,
        healthy: node.ready
            && node.manager.is_none_or(|m| m.reachable)
            && (node.role == Role::Worker || node.manager.is_some()),
        instance_id: node.instance_id.clone(),
        address: node.address,
    }
}
