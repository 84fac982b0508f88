//! The network interface: overlay networks put their packets into its.

use std::net::Ipv4Addr;
use std::path::Path;

use super::{Finding, Grade};
use crate::config::Settings;
use crate::identity::InstanceIdentity;

const CONCERN: &str = "link";
/// What Docker takes for granted: overlay packets of 1450 bytes in an envelope of 50.
const NEEDED: u32 = 1500;

/// The interface that has the node's address, and how large its packets may be.
pub(super) type Facts = Option<(String, u32)>;

pub(super) fn gather(settings: &Settings, node: Option<&InstanceIdentity>) -> Facts {
    let routes = std::fs::read_to_string(settings.host_path("/proc/net/route")).unwrap_or_default();
    let name = interface(&routes, node?.private_ip)?;
    let folder = settings.host_path("/sys/class/net");
    let mtu = std::fs::read_to_string(Path::new(&folder).join(&name).join("mtu")).ok()?;
    Some((name, mtu.trim().parse().ok()?))
}

/// The interface whose route has the most in common with an address: the one that it is on. Addresses
/// are in the byte order of the host, in hexadecimal.
fn interface(routes: &str, address: Ipv4Addr) -> Option<String> {
    let address = u32::from_le_bytes(address.octets());
    let rows = routes.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |column: usize| u32::from_str_radix(words.get(column)?, 16).ok();
        let (destination, mask) = (number(1)?, number(7)?);
        let name = (*words.first()?).to_owned();
        (address & mask == destination).then(|| (mask.count_ones(), name))
    });
    let rows: Vec<(u32, String)> = rows.collect();
    rows.into_iter().max().map(|(_, name)| name)
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let found = |grade, seen: String| Finding::new(CONCERN, "MTU", grade, seen);
    let Some((name, mtu)) = facts else {
        return vec![found(
            Grade::Skipped,
            "it is not known which interface has the node's address".to_owned(),
        )];
    };
    let seen = format!("{name}: {mtu} bytes");
    vec![if *mtu < NEEDED {
        found(
            Grade::Fail,
            format!("{seen}: packets of overlay networks (1450 and 50) do not fit"),
        )
        .advise(format!(
            "set the interface to {NEEDED} or more, or create networks with `--opt \
             com.docker.network.driver.mtu={}`, docker_gwbridge and ingress too",
            mtu.saturating_sub(50)
        ))
    } else {
        found(Grade::Ok, seen)
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
ens5\t00000000\t0101620A\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
ens5\t0000620A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
";

    #[test]
    fn an_address_is_on_the_interface_of_its_nearest_route() {
        for (address, expected) in [
            ("10.98.0.5", "ens5"),
            ("172.17.3.4", "docker0"),
            ("8.8.8.8", "ens5"),
        ] {
            let found = interface(ROUTES, address.parse().unwrap());
            assert_eq!(found.as_deref(), Some(expected), "{address}");
        }
        assert_eq!(interface("", Ipv4Addr::LOCALHOST), None);
        assert_eq!(interface("head\nbroken line\n", Ipv4Addr::LOCALHOST), None);
    }

    #[test]
    fn overlay_packets_fit_or_not() {
        for (mtu, grade) in [(9001, Grade::Ok), (1500, Grade::Ok), (1400, Grade::Fail)] {
            assert_eq!(findings(&Some(("ens5".into(), mtu)))[0].grade, grade);
        }
        assert_eq!(findings(&None)[0].grade, Grade::Skipped);
    }
}
