//! EC2: what an instance is, by AWS's own word.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::CloudError;

/// An instance's life, as `DescribeInstances` names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InstanceState {
    /// `pending` or `running`.
    Alive,
    /// `stopping` or `stopped`: it may come back, with the same address.
    Stopped,
    /// `shutting-down` or `terminated`: it never comes back.
    Terminated,
}

/// One instance by EC2's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Where it is in its life.
    pub state: InstanceState,
    /// Primary private address; gone once it is terminated.
    pub private_ip: Option<IpAddr>,
    /// Its tags; AWS takes them away from a terminated instance early.
    pub tags: BTreeMap<String, String>,
}

/// EC2 as the agent needs it.
pub trait Fleet {
    /// The tags of one instance (`ec2:DescribeTags`), for nodes whose metadata shows none.
    async fn tags(&self, instance_id: &str) -> Result<BTreeMap<String, String>, CloudError>;

    /// Those of the given instances that EC2 knows (`ec2:DescribeInstances`, filtered by
    /// `instance-id`, so that an unknown id does not fail the call).
    async fn instances(&self, instance_ids: &[String]) -> Result<Vec<Instance>, CloudError>;
}
