//! Address blocks: what Docker hands out must not be somewhere else, in the VPC, behind a route or by the settings.

use ipnet::Ipv4Net;

use super::engine::Facts as Engine;
use super::{Finding, Grade};
use crate::config::Settings;
use docker::pools::overlap;
use docker::routes;

const CONCERN: &str = "networks";

/// The VPC's blocks, if known, and what Docker uses or will use.
pub(super) struct Facts {
    vpc: Option<Vec<Ipv4Net>>,
    pools: Vec<(String, Ipv4Net)>,
    networks: Vec<(String, Ipv4Net)>,
    /// `engine.avoid`, and where routes of this host lead.
    avoid: Vec<Ipv4Net>,
    routes: Vec<Ipv4Net>,
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
        avoid: settings.engine.avoid.clone(),
        routes: routes::of_host(&settings.root),
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let vpc = facts.vpc.as_deref().unwrap_or_default();
    // The VPC's blocks have routes as well, and so has each network of Docker's.
    let is_known = |route: &Ipv4Net| {
        let networks = facts.networks.iter().map(|(_, subnet)| subnet);
        vpc.iter().any(|block| block.contains(route))
            || networks.into_iter().any(|subnet| subnet == route)
    };
    let mut routes = facts.routes.clone();
    routes.retain(|route| !is_known(route));
    let elsewhere = [
        ("the VPC's", vpc, Grade::Fail),
        ("engine.avoid's", &facts.avoid, Grade::Fail),
        ("the route to", &routes, Grade::Warn),
    ];
    let mut findings: Vec<Finding> = elsewhere
        .into_iter()
        .flat_map(|(whose, blocks, grade)| clashes(facts, whose, blocks, grade))
        .collect();
    if facts.vpc.is_none() {
        let unknown = "the VPC's address blocks are not known";
        findings.push(Finding::new(CONCERN, "overlaps", Grade::Skipped, unknown));
    } else if findings.is_empty() {
        findings.push(clear(facts, vpc));
    }
    findings
}

/// What of Docker's overlaps these blocks.
fn clashes(facts: &Facts, whose: &str, blocks: &[Ipv4Net], grade: Grade) -> Vec<Finding> {
    let clash = |block: &Ipv4Net| blocks.iter().find(|taken| overlap(block, taken)).copied();
    let found = |seen: String| Finding::new(CONCERN, "overlaps", grade, seen);
    let pools = facts.pools.iter().filter_map(|(what, pool)| {
        let seen = format!("{what} {pool} overlaps {whose} {}", clash(pool)?);
        Some(found(seen).advise(
            "leave swarm.address_pool and daemon.json's default-address-pools out, and one is chosen clear \
             of the VPC, of routes and of engine.avoid; a swarm keeps the pool that it was created with",
        ))
    });
    let networks = facts.networks.iter().filter_map(|(name, subnet)| {
        let seen = format!(
            "the network {name} {subnet} overlaps {whose} {}",
            clash(subnet)?
        );
        let advice = format!("make the network {name} anew with a --subnet clear of that");
        Some(found(seen).advise(advice))
    });
    pools.chain(networks).collect()
}

fn clear(facts: &Facts, vpc: &[Ipv4Net]) -> Finding {
    let vpc: Vec<String> = vpc.iter().map(ToString::to_string).collect();
    let (pools, networks) = (facts.pools.len(), facts.networks.len());
    let seen = format!(
        "{pools} pools and {networks} subnets are clear of the VPC ({}), of routes and of engine.avoid",
        vpc.join(", ")
    );
    Finding::new(CONCERN, "overlaps", Grade::Ok, seen)
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
            avoid: vec![net("192.168.7.0/24")],
            routes: vec![
                net("10.98.0.0/20"),
                net("172.20.0.0/24"),
                net("192.168.8.0/24"),
            ],
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
        let beyond = Facts {
            pools: vec![named("the engine's pool", "10.20.0.0/14")],
            networks: vec![named("mine", "10.21.3.0/24")],
            vpc: Some(vec![net("10.98.0.0/16")]),
            avoid: vec![net("10.20.0.0/16")],
            routes: vec![net("10.21.0.0/16")],
        };
        let found = findings(&beyond);
        let seen: Vec<_> = found
            .iter()
            .map(|found| (found.seen.as_str(), found.grade))
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "the engine's pool 10.20.0.0/14 overlaps engine.avoid's 10.20.0.0/16",
                    Grade::Fail
                ),
                (
                    "the engine's pool 10.20.0.0/14 overlaps the route to 10.21.0.0/16",
                    Grade::Warn
                ),
                (
                    "the network mine 10.21.3.0/24 overlaps the route to 10.21.0.0/16",
                    Grade::Warn
                ),
            ]
        );
        let unknown = Facts {
            vpc: None,
            routes: Vec::new(),
            ..clashing
        };
        assert_eq!(findings(&unknown)[0].grade, Grade::Skipped);
    }
}
