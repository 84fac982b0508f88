//! Who this node is.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::swarm::{ClusterName, Role};

/// This node, by its instance's metadata, tags and settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// `i-…`
    pub instance_id: String,
    /// The instance's region.
    pub region: String,
    /// Its availability zone.
    pub zone: String,
    /// Its instance type.
    pub instance_type: String,
    /// Its primary private address: the one a swarm advertises.
    pub private_ip: Ipv4Addr,
    /// The address blocks of its VPC, which no pool may overlap.
    pub vpc_cidrs: Vec<Ipv4Net>,
    /// Its `Name` tag.
    pub name: Option<String>,
    /// Manager or worker.
    pub role: Role,
    /// The cluster it belongs to.
    pub cluster: ClusterName,
    /// The labels it should carry.
    pub labels: BTreeMap<String, String>,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
}
