//! What a node's instance is and is meant to be, by EC2's word.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::{Role, pace};

/// So many of an instance's addresses are told: one may have hundreds.
const TOLD: usize = 20;

/// An instance, by the last answers of EC2 that told anything about it.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts that do not exclude each other"
)]
pub struct Instance {
    /// Pending or running.
    pub alive: bool,
    /// The cluster of its `swarm:cluster` tag is this one.
    pub of_cluster: bool,
    /// The role of its `swarm:role` tag, if it is of this cluster.
    pub role: Option<Role>,
    /// It has been seen with a `swarm:role` tag: EC2 tells an instance's tags some time after its
    /// launch, and takes them away some time after its end.
    pub tagged: bool,
    /// For how long answers in a row have given it this role, or no tags.
    pub lasted: Duration,
    /// That role is another than the one before, and one answer is not enough for it: one may be late.
    pub changed: bool,
    /// The ARN of its instance profile: whose role its programs have.
    pub profile: Option<String>,
    /// Its private addresses on all of its interfaces, the primary one first; blocks where EC2 has
    /// delegated a whole prefix.
    pub addresses: Vec<IpNet>,
    /// Its tags `swarm:label:<key>`, by key.
    pub labels: BTreeMap<String, String>,
    /// What it is, as node labels.
    pub facts: BTreeMap<String, String>,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
    /// When it was launched, in seconds since the Unix epoch.
    pub launched: Option<u64>,
}

impl Instance {
    /// Whether EC2's word on its role can be acted on: the first one can, another than the first has to be said twice.
    pub fn has_settled(&self) -> bool {
        !self.changed || self.lasted >= pace::FLEET_GAP
    }

    /// Whether a node that claims to be this instance has one of its addresses. A node may claim any
    /// instance id; what managers see is where its connection comes from, and its routes decide which
    /// of its addresses that is.
    pub fn is_at(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| self.addresses.iter().any(|own| own.contains(&address)))
    }

    /// Its addresses, for people.
    pub fn told_addresses(&self) -> String {
        let told = |net: &IpNet| {
            if net.prefix_len() == net.max_prefix_len() {
                net.addr().to_string()
            } else {
                net.to_string()
            }
        };
        let mut texts: Vec<String> = self.addresses.iter().take(TOLD).map(told).collect();
        match self.addresses.len().saturating_sub(TOLD) {
            0 if texts.is_empty() => return "no address".to_owned(),
            0 => {}
            more => texts.push(format!("{more} more")),
        }
        texts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[&str]) -> Instance {
        Instance {
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            ..Instance::default()
        }
    }

    #[test]
    fn every_address_of_every_interface_is_its_own() {
        let instance = at(&[
            "10.0.0.4/32",
            "10.0.9.5/32",
            "10.0.1.16/28",
            "fd00::4/128",
            "fd00:0:0:1::/80",
        ]);
        for (address, own) in [
            ("10.0.0.4", true),
            ("10.0.9.5", true),
            ("10.0.1.31", true),
            ("10.0.1.32", false),
            ("fd00::4", true),
            ("fd00::5", false),
            ("fd00:0:0:1::9", true),
            ("10.0.0.5", false),
        ] {
            assert_eq!(instance.is_at(address.parse().ok()), own, "{address}");
        }
        assert!(!instance.is_at(None), "managers see no address");
        assert!(!at(&[]).is_at("10.0.0.4".parse().ok()), "EC2 tells none");
    }

    #[test]
    fn addresses_are_told_as_people_write_them() {
        let instance = at(&["10.0.0.4/32", "10.0.1.16/28", "fd00::4/128"]);
        assert_eq!(instance.told_addresses(), "10.0.0.4, 10.0.1.16/28, fd00::4");
        assert_eq!(at(&[]).told_addresses(), "no address");
        let many = at(&["10.0.0.4/32"; TOLD + 3]).told_addresses();
        assert!(many.ends_with("10.0.0.4, 3 more"), "{many}");
    }
}
