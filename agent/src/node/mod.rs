//! Who this node is.

mod error;
mod facts;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::cloud::fleet::Fleet;
use crate::cloud::imds::{Metadata, MetadataError};
use crate::config::Settings;
use crate::swarm::{ClusterName, Role};

pub use error::IdentifyError;
use facts::Facts;
use tags::Tags;

/// The tag that says manager or worker.
pub const ROLE_TAG: &str = "swarm:role";
/// The tag that names the cluster.
pub const CLUSTER_TAG: &str = "swarm:cluster";
/// What the tags start with that become node labels.
pub const LABEL_TAG_PREFIX: &str = "swarm:label:";

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
    /// Its `Name` tag.
    pub name: Option<String>,
    /// Manager or worker.
    pub role: Role,
    /// The cluster it belongs to.
    pub cluster: ClusterName,
    /// The labels of its engine. Those that come from tags the leader puts on the node as well, by
    /// EC2's word.
    pub labels: BTreeMap<String, String>,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
}

/// Reads who this node is: facts and tags from instance metadata side by side, tags from EC2
/// where metadata shows none. The command line overrides tags, tags override settings. `fleet` makes
/// EC2's client for a region, where it is needed.
pub async fn identify<F: Fleet>(
    metadata: &impl Metadata,
    fleet: impl FnOnce(&str) -> F,
    settings: &Settings,
) -> Result<Node, IdentifyError> {
    let (facts, shown) = tokio::join!(facts::read(metadata), tags::shown(metadata));
    let (facts, shown) = (facts?, shown?);
    let tags = match shown {
        Some(tags) => tags,
        None => tags::asked(&fleet(&facts.region), &facts.instance_id, settings).await?,
    };
    assemble(facts, &tags, settings)
}

/// The address blocks of this instance's VPC, which no pool may overlap. For who chooses one.
pub async fn vpc_cidrs(metadata: &impl Metadata) -> Result<Vec<Ipv4Net>, IdentifyError> {
    facts::blocks(metadata).await
}

/// The region to ask AWS in: the one set, else the instance's own.
pub async fn region(
    metadata: &impl Metadata,
    settings: &Settings,
) -> Result<String, IdentifyError> {
    const PATH: &str = "meta-data/placement/region";
    match &settings.aws.region {
        Some(region) => Ok(region.clone()),
        None => metadata
            .get(PATH)
            .await?
            .ok_or(IdentifyError::NotShown(PATH)),
    }
}

fn assemble(facts: Facts, tags: &Tags, settings: &Settings) -> Result<Node, IdentifyError> {
    let role = role(&facts.instance_id, tags, settings)?;
    let cluster = cluster(&facts.instance_id, tags, settings)?;
    Ok(Node {
        instance_id: facts.instance_id,
        region: facts.region,
        zone: facts.zone,
        instance_type: facts.instance_type,
        private_ip: facts.private_ip,
        name: tags
            .get("Name")
            .filter(|name| !name.trim().is_empty())
            .cloned(),
        role,
        cluster,
        labels: labels(tags, settings),
        group: tags.get("aws:autoscaling:groupName").cloned(),
    })
}

fn role(instance_id: &str, tags: &Tags, settings: &Settings) -> Result<Role, IdentifyError> {
    let instance_id = || instance_id.to_owned();
    if let Some(role) = settings.node.forced.role {
        return Ok(role);
    }
    match tags.get(ROLE_TAG) {
        Some(word) => word.parse().map_err(|_| IdentifyError::WrongRole {
            instance_id: instance_id(),
            found: word.clone(),
        }),
        None => settings
            .node
            .role
            .ok_or_else(|| IdentifyError::NoRole(instance_id())),
    }
}

fn cluster(
    instance_id: &str,
    tags: &Tags,
    settings: &Settings,
) -> Result<ClusterName, IdentifyError> {
    let instance_id = || instance_id.to_owned();
    if let Some(cluster) = &settings.node.forced.cluster {
        return Ok(cluster.clone());
    }
    match tags.get(CLUSTER_TAG) {
        Some(name) => name.parse().map_err(|cause| IdentifyError::WrongCluster {
            instance_id: instance_id(),
            cause,
        }),
        None => settings
            .node
            .cluster
            .clone()
            .ok_or_else(|| IdentifyError::NoCluster(instance_id())),
    }
}

fn labels(tags: &Tags, settings: &Settings) -> BTreeMap<String, String> {
    let tagged = tags.iter().filter_map(|(key, value)| {
        let label = key.strip_prefix(LABEL_TAG_PREFIX)?;
        (!label.is_empty()).then(|| (label.to_owned(), value.clone()))
    });
    let mut labels = settings.node.labels.clone();
    labels.extend(tagged);
    labels.extend(settings.node.forced.labels.clone());
    labels
}

impl From<MetadataError> for IdentifyError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}
