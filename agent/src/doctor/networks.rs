//! Address blocks: what Docker hands out must not be what the VPC routes.

use ipnet::Ipv4Net;

use super::engine::Facts as Engine;
use super::{Finding, Grade};
use crate::config::Settings;
use crate::engine::pools::overlap;

const CONCERN: &str = "networks";

/// The VPC's blocks, if known, and what Docker uses or will use.
pub(super) struct Facts {
    vpc: Option<Vec<Ipv4Net>>,
    pools: Vec<(String, Ipv4Net)>,
    networks: Vec<(String, Ipv4Net)>,
}

pub(super) fn gather(settings: &Settings, vpc: Option<Vec<Ipv4Net>>, engine: &Engine) -> Facts {
    let set = settings
        .swarm
        .address_pool
        .map(|pool| ("swarm.address_pool".to_owned(), pool));
    let setup = engine.setup.as_ref().ok();
    let pools = setup.map(|setup| setup.pools.clone()).unwrap_or_default();
    let pools = pools
        .into_iter()
        .map(|pool| ("the engine's pool".to_owned(), pool));
    Facts {
        vpc,
        pools: set.into_iter().chain(pools).collect(),
        networks: setup
            .map(|setup| setup.networks.clone())
            .unwrap_or_default(),
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let found = |grade, seen: String| Finding::new(CONCERN, "overlaps", grade, seen);
    let Some(vpc) = &facts.vpc else {
        return vec![found(
            Grade::Skipped,
            "the VPC's address blocks are not known".to_owned(),
        )];
    };
    let clash = |block: &Ipv4Net| vpc.iter().find(|taken| overlap(block, taken)).copied();
    let mut findings = Vec::new();
    for (what, pool) in &facts.pools {
        if let Some(taken) = clash(pool) {
            let seen = format!("{what} {pool} overlaps the VPC's {taken}");
            findings.push(found(Grade::Fail, seen).advise(
                "leave swarm.address_pool and daemon.json's default-address-pools out, and one is chosen clear \
                 of the VPC; a swarm keeps the pool that it was created with",
            ));
        }
    }
    for (name, subnet) in &facts.networks {
        if let Some(taken) = clash(subnet) {
            let seen = format!("the network {name} {subnet} overlaps the VPC's {taken}");
            let advice = format!("make the network {name} anew with a --subnet clear of the VPC");
            findings.push(found(Grade::Fail, seen).advise(advice));
        }
    }
    if findings.is_empty() {
        let vpc: Vec<String> = vpc.iter().map(ToString::to_string).collect();
        let (pools, networks) = (facts.pools.len(), facts.networks.len());
        let seen = format!(
            "{pools} pools and {networks} subnets are clear of the VPC ({})",
            vpc.join(", ")
        );
        findings.push(found(Grade::Ok, seen));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_overlap_is_named() {
        let net = |text: &str| text.parse::<Ipv4Net>().unwrap();
        let named = |name: &str, text: &str| (name.to_owned(), net(text));
        let clear = Facts {
            vpc: Some(vec![net("10.98.0.0/16")]),
            pools: vec![named("the engine's pool", "172.20.0.0/14")],
            networks: vec![named("ingress", "172.20.0.0/24")],
        };
        assert_eq!(findings(&clear)[0].grade, Grade::Ok);
        let clashing = Facts {
            pools: vec![named("swarm.address_pool", "10.0.0.0/8")],
            networks: vec![
                named("mine", "10.98.3.0/24"),
                named("ingress", "172.20.0.0/24"),
            ],
            ..clear
        };
        let found = findings(&clashing);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found
                .iter()
                .all(|finding| finding.grade == Grade::Fail && finding.advice.is_some())
        );
        assert!(found[1].seen.contains("mine 10.98.3.0/24"), "{found:?}");
        let unknown = Facts {
            vpc: None,
            ..clashing
        };
        assert_eq!(findings(&unknown)[0].grade, Grade::Skipped);
    }
}
