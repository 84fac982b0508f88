//! Instances with more than one address: the one that managers see is not the primary one.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Lab, Launch, Role, wait_until};
use serde_json::Value;

use super::fleet::seen::{active, entry, manager};
use super::support::{journal_of, profile, unique};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "addresses::nodes_at_other_addresses_of_their_instances",
        run: other_addresses,
    },
    Case {
        name: "addresses::a_node_at_an_address_that_is_not_its_own",
        run: foreign_address,
    },
];

const JOINED: Duration = Duration::from_mins(2);

/// What a second address is, by EC2's word.
#[derive(Clone, Copy)]
enum Kind {
    /// A further private address of the interface.
    Secondary,
    /// The primary address of a second interface.
    Interface,
    /// One of a prefix that is delegated to the interface.
    Prefix,
    /// None: EC2 does not know it.
    Unknown,
}

/// Managers that are promoted, and a worker that is given tasks. The route to the first manager chooses
/// the address, as several interfaces with routes of their own do.
fn other_addresses(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("addresses"), 1, 0))?;
    cluster.wait_whole(JOINED)?;
    let first = manager(&cluster)?;
    let profile = profile(lab, &first.id)?;
    let seen = launch_at(
        lab,
        &cluster,
        &profile,
        &[
            (Role::Manager, Kind::Secondary),
            (Role::Manager, Kind::Interface),
            (Role::Worker, Kind::Prefix),
        ],
    )?;
    cluster.wait_whole(JOINED)?;
    active(&cluster)?;
    for (id, address) in &seen {
        let found = entry(lab, &first.id, id)?["Status"]["Addr"].clone();
        ensure!(
            found == address.as_str(),
            "{id} is seen at {found}, not at {address}"
        );
    }
    let tickets = journal_of(lab, &first.id)?;
    ensure!(!tickets.contains("cannot activate"), "{tickets}");
    for (id, _) in &seen {
        lab.terminate(id)?;
    }
    cluster.delete()
}

/// It stays drained, and the leader says both words.
fn foreign_address(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("foreign"), 1, 0))?;
    cluster.wait_whole(JOINED)?;
    let first = manager(&cluster)?;
    let profile = profile(lab, &first.id)?;
    let seen = launch_at(lab, &cluster, &profile, &[(Role::Worker, Kind::Unknown)])?;
    let (id, address) = &seen[0];
    let own = lab.instance(id)?.address;
    let said = format!("managers see it at {address}, and EC2 knows that instance at {own};");
    wait_until("the leader says so", JOINED, || {
        let journal = journal_of(lab, &first.id)?;
        ensure!(journal.contains(&said), "{journal}");
        Ok(())
    })?;
    let availability = entry(lab, &first.id, id)?["Spec"]["Availability"].clone();
    ensure!(availability == "drain", "it is {availability}");
    lab.terminate(id)?;
    cluster.delete()
}

/// Launches nodes and gives each its address before its agent knows anything; ids and addresses.
fn launch_at(
    lab: &Lab,
    cluster: &Cluster,
    profile: &str,
    nodes: &[(Role, Kind)],
) -> Result<Vec<(String, String)>> {
    let managers = manager(cluster)?.address;
    // The units wait for metadata meanwhile.
    let fault = lab.fault(&Fault::new("imds", Effect::Drop).cluster(cluster.name()))?;
    let mut seen = Vec::new();
    for (number, (role, kind)) in nodes.iter().enumerate() {
        let tags = [
            ("swarm:cluster", cluster.name()),
            ("swarm:role", role.name()),
        ];
        let launch = Launch {
            tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            profile: Some(profile.to_owned()),
            ..Launch::default()
        };
        let id = lab.launch(&launch)?.remove(0);
        let address = format!("10.98.31.{}", 250 - 16 * number);
        assign(lab, &id, &address, *kind)?;
        for words in [
            format!("addr add {address}/16 dev eth0"),
            format!("route add {managers}/32 dev eth0 src {address}"),
        ] {
            let argv: Vec<&str> = ["ip"].into_iter().chain(words.split(' ')).collect();
            wait_until("the machine takes the address", JOINED, || {
                lab.exec(&id, &argv)?.ok()
            })?;
        }
        seen.push((id, address));
    }
    drop(fault);
    Ok(seen)
}

/// Tells EC2 that the address is the instance's.
fn assign(lab: &Lab, id: &str, address: &str, kind: Kind) -> Result<()> {
    let described = lab.aws(&["ec2", "describe-instances", "--instance-ids", id])?;
    let interface = &described["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0];
    let of = |key: &str| -> Result<String> {
        let value = interface[key].as_str();
        Ok(value
            .with_context(|| format!("no {key} in {interface}"))?
            .to_owned())
    };
    let (eni, subnet) = (of("NetworkInterfaceId")?, of("SubnetId")?);
    let to = [
        "ec2",
        "assign-private-ip-addresses",
        "--network-interface-id",
        &eni,
    ];
    match kind {
        Kind::Unknown => return Ok(()),
        Kind::Secondary => lab.aws(&[&to[..], &["--private-ip-addresses", address]].concat())?,
        Kind::Prefix => {
            let (net, last) = address.rsplit_once('.').context("an address")?;
            let prefix = format!("{net}.{}/28", last.parse::<u8>()? & 0xf0);
            lab.aws(&[&to[..], &["--ipv4-prefixes", &prefix]].concat())?
        }
        Kind::Interface => {
            let made = ["create-network-interface", "--subnet-id", &subnet];
            let made = [&["ec2"], &made[..], &["--private-ip-address", address]].concat();
            let made: Value = lab.aws(&made)?;
            let second = made["NetworkInterface"]["NetworkInterfaceId"].as_str();
            let second = second.context("no interface was made")?;
            let attach = ["ec2", "attach-network-interface", "--device-index", "1"];
            let what = ["--network-interface-id", second, "--instance-id", id];
            lab.aws(&[&attach[..], &what].concat())?
        }
    };
    Ok(())
}
