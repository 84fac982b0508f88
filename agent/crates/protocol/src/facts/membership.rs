//! What a node remembers on disk.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{Epoch, NodeEntry, SWARM_PORT};

/// What a node remembers of its joining.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Whose memory this is: a clone of a disk carries another instance's.
    pub instance_id: String,
    /// Docker's id of the node.
    pub node_id: String,
    /// Docker's id of the swarm.
    pub swarm_id: String,
    /// The swarm's epoch.
    pub epoch: Epoch,
}

/// A manager of this node's swarm, as raft listed it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// Docker's id of the node.
    pub node_id: String,
    /// Its instance, if its engine's labels name one.
    pub instance_id: Option<String>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Peer {
    /// Those that raft counts, by their role and not by raft's own list alone: an engine that is going down shows that one
    /// shorter than it is.
    pub fn counted(nodes: &[NodeEntry], epoch: Option<Epoch>) -> Vec<Self> {
        let counted = nodes.iter().filter(|node| node.counts(epoch));
        let known = counted.filter_map(|node| {
            let listens = node.manager.map(|manager| manager.address);
            Some(Self {
                node_id: node.id.clone(),
                instance_id: node.instance_id.clone(),
                address: listens.or_else(|| Some((node.address?, SWARM_PORT).into()))?,
            })
        });
        let mut peers: Vec<Self> = known.collect();
        peers.sort_by(|a, b| a.node_id.cmp(&b.node_id));
        peers
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Availability, ManagerEntry, Role};

    fn node(id: &str, role: Role, port: Option<u16>, down: bool) -> NodeEntry {
        NodeEntry {
            id: id.into(),
            created: None,
            role,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            ready: !down,
            down,
            asks_to_leave: None,
            manager: port.map(|port| ManagerEntry {
                address: ([10, 0, 0, 1], port).into(),
                reachable: true,
                leader: true,
            }),
            instance_id: None,
            address: Some([10, 0, 0, 9].into()),
        }
    }

    #[test]
    fn peers_are_those_that_raft_counts_also_where_its_own_list_is_short() {
        let nodes = [
            node("c", Role::Manager, None, false),
            node("b", Role::Worker, None, false),
            node("a", Role::Manager, Some(4000), false),
            node("d", Role::Manager, None, true),
        ];
        let peers = Peer::counted(&nodes, None);
        let peers = peers.iter().map(|peer| (&*peer.node_id, peer.address));
        let listed: Vec<_> = peers.collect();
        assert_eq!(
            listed,
            [
                ("a", ([10, 0, 0, 1], 4000).into()),
                ("c", ([10, 0, 0, 9], SWARM_PORT).into())
            ]
        );
    }
}
