//! EC2: what an instance is, by AWS's own word.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AttachmentStatus, Filter, Instance as Described, InstanceLifecycleType,
    InstanceNetworkInterface, InstanceStateName, Tag,
};
use ipnet::IpNet;

use super::refusal::sort;
use super::zones::Zones;
use super::{Aws, CloudError};
use protocol::{Facts, Life, Reply, Told};

/// EC2's word about instances.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Word {
    /// Those that it knows.
    pub known: Vec<Told>,
    /// Those that it says nothing about, as if nobody had asked; all others it does not know.
    pub silent: BTreeSet<String>,
}

impl Word {
    /// Whether it is about this one: only what holds the asker itself says anything about others.
    pub fn knows(&self, id: &str) -> bool {
        self.known.iter().any(|instance| instance.id == id)
    }

    /// What it says of those that were asked about.
    pub fn about<'a>(&'a self, asked: &'a [String]) -> Reply<'a> {
        Reply {
            asked,
            known: &self.known,
            silent: &self.silent,
        }
    }
}

impl From<Vec<Told>> for Word {
    /// About everybody.
    fn from(known: Vec<Told>) -> Self {
        Self {
            known,
            silent: BTreeSet::new(),
        }
    }
}

/// EC2 as the agent needs it.
pub trait Fleet {
    /// The tags of one instance (`ec2:DescribeTags`), for nodes whose metadata shows none.
    async fn tags(&self, instance_id: &str) -> Result<BTreeMap<String, String>, CloudError>;

    /// EC2's word about the given instances and about the one that asks (`ec2:DescribeInstances`): all of it, or an
    /// error. A zone that fails leaves out only its own.
    async fn instances(&self, asker: &str, ids: &[String]) -> Result<Word, CloudError>;
}

impl<F: Fleet> Fleet for &F {
    async fn tags(&self, instance_id: &str) -> Result<BTreeMap<String, String>, CloudError> {
        (**self).tags(instance_id).await
    }

    async fn instances(&self, asker: &str, ids: &[String]) -> Result<Word, CloudError> {
        (**self).instances(asker, ids).await
    }
}

/// The real EC2.
#[derive(Clone, Debug)]
pub struct Ec2 {
    pub(super) client: Client,
    pub(super) zones: Arc<Mutex<Zones>>,
}

impl Ec2 {
    /// EC2 in the instance's region.
    pub fn new(aws: &Aws) -> Self {
        Self {
            client: aws.ec2(),
            zones: Arc::default(),
        }
    }
}

impl Fleet for Ec2 {
    async fn tags(&self, instance_id: &str) -> Result<BTreeMap<String, String>, CloudError> {
        let filter = Filter::builder().name("resource-id").values(instance_id);
        let request = self.client.describe_tags().filters(filter.build());
        let mut pages = request.into_paginator().send();
        let mut tags = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sort("ec2:DescribeTags", instance_id, &error))?;
            let pairs = page.tags.unwrap_or_default().into_iter();
            tags.extend(pairs.filter_map(|tag| tag.key.zip(tag.value)));
        }
        Ok(tags)
    }

    async fn instances(&self, asker: &str, ids: &[String]) -> Result<Word, CloudError> {
        self.described(asker, ids).await
    }
}

/// An answer without an id or a state says nothing about any instance.
pub(super) fn instance(described: Described) -> Option<Told> {
    let addresses = addresses(&described);
    let life = match described.state?.name? {
        InstanceStateName::Pending | InstanceStateName::Running => Life::Alive,
        InstanceStateName::Stopping | InstanceStateName::Stopped => Life::Stopped,
        InstanceStateName::ShuttingDown | InstanceStateName::Terminated => Life::Terminated,
        _ => return None,
    };
    let pair = |tag: Tag| tag.key.zip(tag.value);
    let (zone, zone_id) = described
        .placement
        .map(|place| (place.availability_zone, place.availability_zone_id))
        .unwrap_or_default();
    Some(Told {
        addresses,
        profile: described
            .iam_instance_profile
            .and_then(|profile| profile.arn),
        facts: Facts {
            zone,
            zone_id,
            instance_type: described.instance_type.map(|kind| kind.as_str().to_owned()),
            architecture: described.architecture.map(|kind| kind.as_str().to_owned()),
            spot: described.instance_lifecycle == Some(InstanceLifecycleType::Spot),
            launched: described
                .launch_time
                .and_then(|time| time.secs().try_into().ok()),
        },
        id: described.instance_id?,
        life,
        tags: described
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(pair)
            .collect(),
    })
}

/// Each once, the primary one first.
fn addresses(described: &Described) -> Vec<IpNet> {
    let interfaces = described.network_interfaces().iter();
    let all = described.private_ip_address().into_iter();
    let all = all.chain(interfaces.filter(|i| is_attached(i)).flat_map(of_interface));
    let mut addresses: Vec<IpNet> = Vec::new();
    for address in all.filter_map(block) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// One that is on its way to another instance takes its addresses along.
fn is_attached(interface: &InstanceNetworkInterface) -> bool {
    let status = interface.attachment().and_then(|a| a.status());
    !matches!(
        status,
        Some(AttachmentStatus::Detaching | AttachmentStatus::Detached)
    )
}

fn of_interface(interface: &InstanceNetworkInterface) -> impl Iterator<Item = &str> {
    let single = interface.private_ip_addresses().iter();
    let single = single.filter_map(|address| address.private_ip_address());
    let six = interface.ipv6_addresses().iter();
    let six = six.filter_map(|address| address.ipv6_address());
    let prefixes = interface.ipv4_prefixes().iter();
    let prefixes = prefixes.filter_map(|prefix| prefix.ipv4_prefix());
    let six_prefixes = interface.ipv6_prefixes().iter();
    let six_prefixes = six_prefixes.filter_map(|prefix| prefix.ipv6_prefix());
    let primary = interface.private_ip_address().into_iter();
    primary
        .chain(single)
        .chain(six)
        .chain(prefixes)
        .chain(six_prefixes)
}

/// A single address is a block of one.
fn block(text: &str) -> Option<IpNet> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    single.or_else(|_| text.parse()).ok()
}

#[cfg(test)]
#[path = "fleet_tests.rs"]
mod tests;
