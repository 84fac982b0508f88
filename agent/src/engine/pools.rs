//! Address pools clear of the VPC.

use ipnet::Ipv4Net;

/// Where overlay networks take their subnets.
pub fn overlay_pool(vpc: &[Ipv4Net]) -> Ipv4Net {
    let clear = |pool: &Ipv4Net| !vpc.iter().any(|v| v.contains(pool) || pool.contains(v));
    let candidates = ["10.128.0.0/9", "10.0.0.0/9", "172.16.0.0/13"];
    candidates
        .iter()
        .filter_map(|c| c.parse().ok())
        .find(clear)
        .unwrap_or_default()
}
