//! Address pools that clash with nothing that is routed elsewhere.
//!
//! Docker checks its pools against nothing: Swarm's own default, 10.0.0.0/8, covers the
//! commonest VPCs and with them the resolver of the VPC. Beyond the VPC there may be peered ones and offices, which
//! the host's routes or a setting tell.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Map, Value};

use super::daemon_flags::DaemonFlags;

/// Where overlay networks take their subnets: the first candidate clear of `taken`; none where none is.
pub fn overlay_pool(taken: &[Ipv4Net]) -> Option<Ipv4Net> {
    let private = [20, 24, 28].map(|second| block([172, second], 14));
    let high = (0..64).rev().map(|quarter| block([10, quarter * 4], 14));
    let shared = (16..32).map(|quarter| block([100, quarter * 4], 14));
    first_clear(private.into_iter().chain(high).chain(shared), taken)
}

/// Where this host's bridges take their subnets: the first candidate clear of `taken`, which is
/// what an overlay pool has to be clear of, and the overlay pool.
pub fn local_pool(taken: &[Ipv4Net]) -> Option<Ipv4Net> {
    let usual = [[172, 17], [172, 18], [172, 19], [192, 168]];
    let shared = (64..128).rev().map(|second| [100, second]);
    first_clear(
        usual
            .into_iter()
            .chain(shared)
            .map(|start| block(start, 16)),
        taken,
    )
}

/// The ranges that `daemon.json` or flags give to the engine's own bridges: `bip` and `fixed-cidr`, and, with
/// `pools`, `default-address-pools`.
pub fn given(daemon: &Map<String, Value>, flags: &DaemonFlags, pools: bool) -> Vec<Ipv4Net> {
    let bridge = ["bip", "fixed-cidr"].into_iter().flat_map(|key| {
        let file = daemon.get(key).and_then(Value::as_str);
        flags.values(key).chain(file)
    });
    let listed = daemon
        .get("default-address-pools")
        .and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    let bases = listed.filter_map(|pool| pool.get("base")?.as_str());
    // A flag's value is `base=10.200.0.0/16,size=24`.
    let flagged = flags.values("default-address-pools");
    let flagged = flagged.flat_map(|value| {
        value
            .split(',')
            .filter_map(|part| part.strip_prefix("base="))
    });
    let pools = bases.chain(flagged).filter(|_| pools);
    let texts = bridge.chain(pools);
    texts
        .filter_map(|text| Some(text.parse::<Ipv4Net>().ok()?.trunc()))
        .collect()
}

/// Whether two address blocks have an address in common.
pub fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

/// A VPC has at most 50 blocks, none larger than a /16, and one of those touches one candidate:
/// there are more candidates than that. What else is taken may be all there is.
fn first_clear(
    mut candidates: impl Iterator<Item = Ipv4Net>,
    taken: &[Ipv4Net],
) -> Option<Ipv4Net> {
    candidates.find(|pool| !taken.iter().any(|block| overlap(pool, block)))
}

fn block([first, second]: [u8; 2], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(first, second, 0, 0), length)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn blocks(texts: &[&str]) -> Vec<Ipv4Net> {
        texts
            .iter()
            .map(|text| text.parse().expect("a block"))
            .collect()
    }

    #[test]
    fn the_usual_networks_get_the_usual_pools() {
        for (vpc, overlay, local) in [
            (blocks(&[]), "172.20.0.0/14", "172.17.0.0/16"),
            (blocks(&["10.98.0.0/16"]), "172.20.0.0/14", "172.17.0.0/16"),
            (blocks(&["172.31.0.0/16"]), "172.20.0.0/14", "172.17.0.0/16"),
            (
                blocks(&["172.20.9.0/24", "172.17.0.0/16"]),
                "172.24.0.0/14",
                "172.18.0.0/16",
            ),
            (
                blocks(&["172.16.0.0/12"]),
                "10.252.0.0/14",
                "192.168.0.0/16",
            ),
            (
                blocks(&["172.16.0.0/12", "10.255.0.0/16", "192.168.0.0/16"]),
                "10.248.0.0/14",
                "100.127.0.0/16",
            ),
        ] {
            let pools = [overlay_pool(&vpc), local_pool(&vpc)];
            let pools = pools.map(|pool| pool.expect("a pool").to_string());
            assert_eq!(pools, [overlay, local], "{vpc:?}");
        }
    }

    #[test]
    fn where_all_is_taken_there_is_no_pool() {
        let all = blocks(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
        let overlay = overlay_pool(&all).expect("a pool");
        assert_eq!(overlay.to_string(), "100.64.0.0/14");
        let local = local_pool(&[all.as_slice(), &[overlay]].concat());
        assert_eq!(local.expect("a pool").to_string(), "100.127.0.0/16");
        let all = [all, blocks(&["100.64.0.0/10"])].concat();
        assert_eq!((overlay_pool(&all), local_pool(&all)), (None, None));
    }

    #[test]
    fn what_is_given_to_bridges_is_found_in_file_and_flags() {
        let daemon = serde_json::json!({
            "bip": "172.20.0.1/16", "fixed-cidr": "172.20.8.0/24", "fixed-cidr-v6": "fd00::/64",
            "default-address-pools": [{"base": "10.200.0.0/16", "size": 24}, {"size": 24}],
        });
        let Value::Object(daemon) = daemon else {
            panic!("{daemon}")
        };
        let shown = "ExecStart={ path=/d ; argv[]=/usr/bin/dockerd --bip=172.24.0.1/24 --default-address-pool \
                     base=10.201.0.0/16,size=24 ; ignore_errors=no }";
        let flags = DaemonFlags::parse(shown, |_| None);
        let bridges = blocks(&["172.24.0.0/24", "172.20.0.0/16", "172.20.8.0/24"]);
        assert_eq!(given(&daemon, &flags, false), bridges);
        let pools = blocks(&["10.200.0.0/16", "10.201.0.0/16"]);
        assert_eq!(given(&daemon, &flags, true), [bridges, pools].concat());
    }

    /// Blocks as AWS allows them, crowded into the ranges the candidates come from.
    fn vpc_block() -> impl Strategy<Value = Ipv4Net> {
        let first = prop_oneof![Just(10u8), Just(172), Just(192), Just(100)];
        (first, any::<[u8; 3]>(), 16u8..=28).prop_map(|(first, [b, c, d], length)| {
            let second = match first {
                172 => 16 + b % 16,
                192 => 168,
                100 => 64 + b % 64,
                _ => b,
            };
            Ipv4Net::new_assert(Ipv4Addr::new(first, second, c, d), length).trunc()
        })
    }

    proptest! {
        #[test]
        fn pools_never_touch_the_vpc_or_each_other(vpc in vec(vpc_block(), 0..=50)) {
            let overlay = overlay_pool(&vpc).expect("a pool");
            let taken = [vpc.as_slice(), &[overlay]].concat();
            let local = local_pool(&taken).expect("a pool");
            for block in &vpc {
                prop_assert!(!overlap(&overlay, block), "{overlay} {block}");
                prop_assert!(!overlap(&local, block), "{local} {block}");
            }
            prop_assert!(!overlap(&overlay, &local), "{overlay} {local}");
        }
    }
}
