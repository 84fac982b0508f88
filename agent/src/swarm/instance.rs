//! What a node's instance is and is meant to be, by EC2's word.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Role;

/// An instance, by the last answers of EC2 that told anything about it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Instance {
    /// Pending or running.
    pub alive: bool,
    /// The role of its `swarm:role` tag, if its `swarm:cluster` tag names this cluster.
    pub role: Option<Role>,
    /// It has been seen with a `swarm:role` tag: EC2 tells an instance's tags some time after its
    /// launch, and takes them away some time after its end.
    pub tagged: bool,
    /// For how long answers in a row have given it this role, or no tags.
    pub lasted: Duration,
    /// Its private address.
    pub private_ip: Option<IpAddr>,
    /// Its tags `swarm:label:<key>`, by key.
    pub labels: BTreeMap<String, String>,
    /// What it is, as node labels.
    pub facts: BTreeMap<String, String>,
}

impl Instance {
    /// Whether a node that claims to be this instance has its address. A node may claim any
    /// instance id; its address is what the managers see.
    pub fn is_at(&self, address: Option<IpAddr>) -> bool {
        self.private_ip.is_some() && self.private_ip == address
    }
}
