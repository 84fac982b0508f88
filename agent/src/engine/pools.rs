//! Address pools that clash with nothing the VPC routes.
//!
//! Docker checks its pools against nothing: Swarm's own default, 10.0.0.0/8, covers the
//! commonest VPCs and with them the resolver of the VPC.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// Where overlay networks take their subnets: the first candidate clear of `vpc`.
pub fn overlay_pool(vpc: &[Ipv4Net]) -> Ipv4Net {
    let private = [20, 24, 28].map(|second| block([172, second], 14));
    let high = (0..64).rev().map(|quarter| block([10, quarter * 4], 14));
    first_clear(private.into_iter().chain(high), vpc)
}

/// Where this host's bridges take their subnets: the first candidate clear of `taken`, which is
/// the VPC and the overlay pool.
pub fn local_pool(taken: &[Ipv4Net]) -> Ipv4Net {
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

/// Whether two address blocks have an address in common.
pub fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

/// A VPC has at most 50 blocks, none larger than a /16, and one of those touches one candidate:
/// there are more candidates than that. The very first stands in where AWS's limits do not hold.
fn first_clear(
    mut candidates: impl Iterator<Item = Ipv4Net> + Clone,
    taken: &[Ipv4Net],
) -> Ipv4Net {
    let first = candidates.clone().next().unwrap_or_default();
    let is_clear = |pool: &Ipv4Net| !taken.iter().any(|block| overlap(pool, block));
    candidates.find(is_clear).unwrap_or(first)
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
            assert_eq!(overlay_pool(&vpc).to_string(), overlay, "{vpc:?}");
            assert_eq!(local_pool(&vpc).to_string(), local, "{vpc:?}");
        }
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
            let overlay = overlay_pool(&vpc);
            let taken = [vpc.as_slice(), &[overlay]].concat();
            let local = local_pool(&taken);
            for block in &vpc {
                prop_assert!(!overlap(&overlay, block), "{overlay} {block}");
                prop_assert!(!overlap(&local, block), "{local} {block}");
            }
            prop_assert!(!overlap(&overlay, &local), "{overlay} {local}");
        }
    }
}
