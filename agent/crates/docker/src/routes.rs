//! Where the host's routes lead: what lies behind them must not become a network of the engine's.

use std::net::Ipv4Addr;
use std::path::Path;

use ipnet::Ipv4Net;

/// The main table, as the kernel shows it to every process, also in a sandbox (proc(5), `/proc/[pid]/net/route`).
const TABLE: &str = "proc/self/net/route";
/// A wider one is a default route, or half of one as VPNs set it.
const WIDEST: u8 = 8;

/// Where routes of this host lead, below `root`, but for default routes and the engine's own bridges.
pub fn of_host(root: &Path) -> Vec<Ipv4Net> {
    match std::fs::read_to_string(root.join(TABLE)) {
        Ok(table) => parse(&table),
        Err(error) => {
            tracing::debug!(%error, "the host's routes are not known");
            Vec::new()
        }
    }
}

fn parse(table: &str) -> Vec<Ipv4Net> {
    let lines = table.lines().skip(1);
    let routes = lines.filter_map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let (device, to, mask) = (cells.first()?, cells.get(1)?, cells.get(7)?);
        let route = Ipv4Net::with_netmask(address(to)?, address(mask)?).ok()?;
        let counts = route.prefix_len() >= WIDEST && !is_engines(device);
        counts.then(|| route.trunc())
    });
    let mut routes: Vec<Ipv4Net> = routes.collect();
    routes.sort_unstable();
    routes.dedup();
    routes
}

/// Eight hexadecimal digits, in the order that the bytes have in memory.
fn address(hex: &str) -> Option<Ipv4Addr> {
    let number = u32::from_str_radix(hex, 16).ok()?;
    Some(Ipv4Addr::from(number.to_ne_bytes()))
}

/// Bridges that the engine makes and names itself: `br-` and 12 digits of the network's id.
fn is_engines(device: &str) -> bool {
    let is_id = |id: &str| id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit());
    let named = ["docker0", "docker_gwbridge", "lo"].contains(&device);
    named || device.strip_prefix("br-").is_some_and(is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn routes_count_but_for_defaults_and_the_engines_bridges() {
        let line = |device: &str, to: &str, mask: &str| {
            format!("{device}\t{to}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0  \n")
        };
        let table = [
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                .to_owned(),
            line("eth0", "00000000", "00000000"),
            line("tun0", "00000000", "00000080"),
            line("eth0", "0000620A", "0000FFFF"),
            line("eth0", "0000620A", "0000FFFF"),
            line("eth1", "000011AC", "0000FFFF"),
            line("*", "070014AC", "FFFFFFFF"),
            line("docker0", "000012AC", "00FFFFFF"),
            line("docker_gwbridge", "000112AC", "00FFFFFF"),
            line("br-0123456789ab", "000013AC", "00FFFFFF"),
            line("br-lan", "0000A8C0", "00FFFFFF"),
            line("eth0", "no", "00FFFFFF"),
        ];
        let found = parse(&table.concat());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "10.98.0.0/16",
                "172.17.0.0/16",
                "172.20.0.7/32",
                "192.168.0.0/24"
            ]
        );
    }

    #[test]
    fn a_host_that_shows_none_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert!(of_host(root.path()).is_empty());
        assert!(parse("").is_empty());
    }
}
