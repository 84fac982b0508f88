//! The node list, as a leader has it from Docker.

use std::net::{IpAddr, Ipv4Addr};

use protocol::{ManagerEntry, NodeEntry, Role};

use crate::departures::Notice;
use crate::names::{address, instance};
use crate::world::{Entry, Id, Part, World};

/// No instance's address.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9));

impl World {
    /// Docker's `ready`: the node of this very entry is up and in contact.
    pub(crate) fn is_ready(&self, leader: Id, raft: u8, entry: Entry) -> bool {
        if let Some(stranger) = entry.stranger {
            return self.reaches(leader, stranger);
        }
        let place = self.place(entry.node);
        place.is_some_and(|place| {
            let life = place.life == entry.life && place.swarm == self.raft(raft).swarm;
            life && self.contact(entry.node) == Some(raft) && self.reach(leader, entry.node)
        })
    }

    /// The swarm's nodes, as Docker lists them: each by its place in the list.
    /// `trusts` gives each the address that goes with what it says (a fault).
    pub(crate) fn list(&self, leader: Id, raft: u8, trusts: bool) -> Vec<NodeEntry> {
        let entries = self.raft(raft).entries.iter().enumerate();
        let listed = entries.map(|(index, entry)| self.entry(leader, raft, index, *entry, trusts));
        listed.collect()
    }

    fn entry(&self, leader: Id, raft: u8, index: usize, entry: Entry, trusts: bool) -> NodeEntry {
        let ready = self.is_ready(leader, raft, entry);
        let seen_at = if trusts {
            entry.claims()
        } else {
            entry.is_at()
        };
        let manager = ManagerEntry {
            address: address(entry.node),
            reachable: ready,
            leader: entry.node == leader,
        };
        NodeEntry {
            id: index.to_string(),
            created: u64::try_from(index).ok(),
            role: role(entry.part),
            availability: entry.availability,
            labels: entry.labels(self.raft(raft).label.epoch),
            ready,
            down: !ready,
            instance_id: entry.claims().map(instance),
            asks_to_leave: entry.asks.map(Notice::deadline),
            address: Some(seen_at.map_or(ELSEWHERE, |id| address(id).ip())),
            manager: (entry.part == Part::Manager).then_some(manager),
        }
    }
}

fn role(part: Part) -> Role {
    match part {
        Part::Worker => Role::Worker,
        Part::Manager | Part::Outvoted => Role::Manager,
    }
}
