//! One instance, as an answer of EC2 tells of it.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::Life;

/// One instance by EC2's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// `i-…`.
    pub id: String,
    /// Where it is in its life; never absent, since it is told of.
    pub life: Life,
    /// Its private addresses on all of its interfaces, the primary one first; gone once it is terminated.
    /// A prefix that is delegated to an interface is one block.
    pub addresses: Vec<IpNet>,
    /// Its tags; AWS takes them away from a terminated instance early.
    pub tags: BTreeMap<String, String>,
    /// The ARN of its instance profile, whose role it has.
    pub profile: Option<String>,
    /// What it is and where.
    pub facts: Facts,
}

/// What an instance is and where, as far as EC2 says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// Its availability zone, as this account names it.
    pub zone: Option<String>,
    /// The same zone's name for all accounts.
    pub zone_id: Option<String>,
    /// `t3.small`, for example.
    pub instance_type: Option<String>,
    /// `x86_64` or `arm64`, for example.
    pub architecture: Option<String>,
    /// Whether AWS may take it back.
    pub spot: bool,
    /// When it was launched, in seconds since the Unix epoch.
    pub launched: Option<u64>,
}

impl Facts {
    /// As node labels; what EC2 does not say is left out.
    pub(crate) fn labels(&self, region: &str) -> BTreeMap<String, String> {
        let lifecycle = if self.spot { "spot" } else { "on-demand" };
        let labels = [
            ("swarmlet.region", Some(region)),
            ("swarmlet.zone", self.zone.as_deref()),
            ("swarmlet.zone-id", self.zone_id.as_deref()),
            ("swarmlet.instance-type", self.instance_type.as_deref()),
            ("swarmlet.architecture", self.architecture.as_deref()),
            ("swarmlet.lifecycle", Some(lifecycle)),
        ];
        let known = labels
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        known
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}
