//! Who this node is.

mod error;
mod tags;
#[cfg(test)]
mod tests;
mod wait;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::config::{Settings, is_kms_key};
use aws::fleet::Fleet;
use aws::imds::{self, Document, FactError, Metadata, MetadataError, Tags};
use protocol::{ClusterName, Role};

pub use error::IdentifyError;
use wait::Asked;
pub use wait::{News, Told, Waiter};

pub use protocol::tags::{CLUSTER_TAG, GROUP_TAG, KMS_KEY_TAG, LABEL_TAG_PREFIX, ROLE_TAG};

/// This node, by its instance's metadata, tags and settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceIdentity {
    /// `i-…`
    pub instance_id: String,
    /// The account that it runs in, where its document says so.
    pub account: Option<String>,
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
    /// The KMS key for the cluster's secrets: the one that settings name, else the one that a manager's tag names, else the
    /// account's `aws/ssm`.
    pub kms_key: Option<String>,
}

/// Reads who this node is: facts and tags from instance metadata side by side, tags from EC2
/// where metadata shows none. The command line overrides tags, tags override settings. `fleet` makes
/// EC2's client for a region, where it is needed. Tags that are not there yet are waited for, as long
/// as it takes; `waiter` hears of that.
pub async fn identify<F: Fleet>(
    metadata: &impl Metadata,
    fleet: impl FnOnce(&str) -> F,
    settings: &Settings,
    waiter: &mut impl Waiter,
) -> Result<InstanceIdentity, IdentifyError> {
    let (facts, mut shown) = loop {
        match tokio::join!(document(metadata), tags::shown(metadata)) {
            (Err(why), _) if why.is_awaited() => waiter.waits(&why),
            (facts, shown) => break (facts?, shown?),
        }
        wait::pause().await;
    };
    let mut fleet = Some(fleet);
    let mut asked = None;
    loop {
        if shown.is_none()
            && let Some(fleet) = fleet.take()
        {
            asked = Some(Asked::new(fleet(&facts.region)));
        }
        let found = found(shown, asked.as_mut(), &facts.instance_id, settings).await;
        match found.and_then(|tags| assemble(&facts, &tags, settings)) {
            Err(why) if why.is_awaited() => waiter.waits(&why),
            known => return known,
        }
        wait::pause().await;
        shown = tags::shown(metadata).await?;
    }
}

async fn document(metadata: &impl Metadata) -> Result<Document, IdentifyError> {
    Ok(imds::document(metadata).await?)
}

/// The same in one look: tags that are missing are an error.
pub async fn look<F: Fleet>(
    metadata: &impl Metadata,
    fleet: impl FnOnce(&str) -> F,
    settings: &Settings,
) -> Result<InstanceIdentity, IdentifyError> {
    let (facts, shown) = tokio::join!(document(metadata), tags::shown(metadata));
    let (facts, shown) = (facts?, shown?);
    let mut asked = shown.is_none().then(|| Asked::new(fleet(&facts.region)));
    let found = found(shown, asked.as_mut(), &facts.instance_id, settings).await?;
    assemble(&facts, &found, settings)
}

/// The tags that metadata shows, else those by EC2's word. Where that cannot be had, but settings say who
/// the node is, none.
async fn found<F: Fleet>(
    shown: Option<Tags>,
    asked: Option<&mut Asked<F>>,
    instance_id: &str,
    settings: &Settings,
) -> Result<Tags, IdentifyError> {
    let (None, Some(asked)) = (&shown, asked) else {
        return Ok(shown.unwrap_or_default());
    };
    match asked.tags(instance_id).await {
        Ok(tags) => Ok(tags),
        Err(cause) if is_known(settings) => {
            tracing::warn!(%cause, "tags cannot be read: role and cluster are taken from settings");
            Ok(Tags::new())
        }
        Err(cause) => Err(IdentifyError::unread(instance_id, cause)),
    }
}

/// Whether settings alone say who the node is.
fn is_known(settings: &Settings) -> bool {
    let node = &settings.node;
    let role = node.role.or(node.forced.role);
    role.is_some() && (node.cluster.is_some() || node.forced.cluster.is_some())
}

/// The address blocks of this instance's VPC, which no pool may overlap. For who chooses one.
pub async fn vpc_cidrs(metadata: &impl Metadata) -> Result<Vec<Ipv4Net>, IdentifyError> {
    Ok(imds::vpc_blocks(metadata).await?)
}

/// The region to ask AWS in: the one set, else the instance's own.
pub async fn region(
    metadata: &impl Metadata,
    settings: &Settings,
) -> Result<String, IdentifyError> {
    match &settings.aws.client.region {
        Some(region) => Ok(region.clone()),
        None => Ok(imds::region(metadata).await?),
    }
}

/// A wrong tag is told before a missing one: the missing one may come by itself.
fn assemble(
    facts: &Document,
    tags: &Tags,
    settings: &Settings,
) -> Result<InstanceIdentity, IdentifyError> {
    let id = &facts.instance_id;
    let (role, cluster) = (role(id, tags, settings)?, cluster(id, tags, settings)?);
    let (role, cluster) = match (role, cluster) {
        (Some(role), Some(cluster)) => (role, cluster),
        (None, Some(_)) => return Err(IdentifyError::NoRole(id.clone())),
        (Some(_), None) => return Err(IdentifyError::NoCluster(id.clone())),
        (None, None) => return Err(IdentifyError::NoTags(id.clone())),
    };
    let kms_key = match settings.aws.kms_key_for(&cluster) {
        None if role == Role::Manager => tagged_key(id, tags)?,
        set => set,
    };
    Ok(InstanceIdentity {
        instance_id: id.clone(),
        account: facts.account.clone(),
        region: facts.region.clone(),
        zone: facts.zone.clone(),
        instance_type: facts.instance_type.clone(),
        private_ip: facts.private_ip,
        name: tags
            .get("Name")
            .filter(|name| !name.trim().is_empty())
            .cloned(),
        role,
        cluster,
        labels: labels(tags, settings),
        group: tags.get(GROUP_TAG).cloned(),
        kms_key,
    })
}

fn role(
    instance_id: &str,
    tags: &Tags,
    settings: &Settings,
) -> Result<Option<Role>, IdentifyError> {
    if let Some(role) = settings.node.forced.role {
        return Ok(Some(role));
    }
    let Some(word) = tags.get(ROLE_TAG) else {
        return Ok(settings.node.role);
    };
    word.parse()
        .map(Some)
        .map_err(|_| IdentifyError::WrongRole {
            instance_id: instance_id.to_owned(),
            found: word.clone(),
        })
}

fn cluster(
    instance_id: &str,
    tags: &Tags,
    settings: &Settings,
) -> Result<Option<ClusterName>, IdentifyError> {
    if let Some(cluster) = &settings.node.forced.cluster {
        return Ok(Some(cluster.clone()));
    }
    let Some(name) = tags.get(CLUSTER_TAG) else {
        return Ok(settings.node.cluster.clone());
    };
    name.parse()
        .map(Some)
        .map_err(|cause| IdentifyError::WrongCluster {
            instance_id: instance_id.to_owned(),
            cause,
        })
}

fn tagged_key(instance_id: &str, tags: &Tags) -> Result<Option<String>, IdentifyError> {
    let key = tags.get(KMS_KEY_TAG).cloned();
    if let Some(found) = key.as_ref().filter(|key| !is_kms_key(key)) {
        return Err(IdentifyError::WrongKey {
            instance_id: instance_id.to_owned(),
            found: found.clone(),
        });
    }
    Ok(key)
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
        Self::Fact(error.into())
    }
}

impl From<FactError> for IdentifyError {
    fn from(error: FactError) -> Self {
        Self::Fact(error)
    }
}
