//! Managers and workers that are launched in the same moment form one swarm, every time.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Request, Role, wait_until};

use super::support::{answers_of, docker, parameters, unique};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "forming::three_managers_and_three_workers_ten_times",
    run: |lab| times(lab, &Image::Baked, 10),
}];

pub(super) fn times(lab: &Lab, image: &Image, rounds: u32) -> Result<()> {
    let mut times = Vec::new();
    for round in 1..=rounds {
        let name = unique(&format!("forming{round}"));
        let spec = ClusterSpec {
            image: image.clone(),
            ..ClusterSpec::new(&name, 3, 3)
        };
        let cluster = Cluster::create(lab, &spec)?;
        let launched = Instant::now();
        cluster.wait_whole(Duration::from_mins(2))?;
        let time = launched.elapsed().as_secs_f64();
        eprintln!("    round {round}: three managers reachable, six nodes Ready after {time:.1} s");
        times.push(time);
        one_swarm(lab, &cluster)?;
        one_claim(lab, &cluster)?;
        no_manager_token(lab, &cluster)?;
        cluster.delete()?;
    }
    times.sort_by(f64::total_cmp);
    let (first, last) = (times[0], times[times.len() - 1]);
    eprintln!(
        "    {rounds} rounds: {first:.1} to {last:.1} s, median {:.1} s",
        times[times.len() / 2]
    );
    Ok(())
}

/// Every manager names the same swarm, and its list has all six nodes. A manager that has just
/// been promoted knows them a moment later than the others know it.
fn one_swarm(lab: &Lab, cluster: &Cluster) -> Result<()> {
    let managers = cluster.machines_of(Role::Manager)?;
    let told = wait_until(
        "every manager knows the swarm",
        Duration::from_secs(20),
        || {
            let list: Result<Vec<String>> = managers.iter().map(|m| swarm_of(lab, &m.id)).collect();
            list
        },
    )?;
    ensure!(
        told.iter().all(|swarm| *swarm == told[0]),
        "more than one swarm: {told:?}"
    );
    ensure!(
        told[0].ends_with(" 6 3"),
        "not three managers of six nodes: {told:?}"
    );
    Ok(())
}

fn swarm_of(lab: &Lab, manager: &str) -> Result<String> {
    let format = "{{.Swarm.Cluster.ID}} {{.Swarm.Nodes}} {{.Swarm.Managers}}";
    docker(lab, manager, &["info", "--format", format])
}

/// One claim and one outcome, both of epoch 1, each written once; and a record of each manager that joined.
fn one_claim(lab: &Lab, cluster: &Cluster) -> Result<()> {
    let root = format!("/swarmlet/{}", cluster.name());
    let names = [
        "epochs/0000000001/claim",
        "epochs/0000000001/outcome",
        "ticket",
    ];
    let expected: Vec<String> = names.iter().map(|name| format!("{root}/{name}")).collect();
    let parameters = parameters(lab, &root)?;
    let found = parameters.iter().filter_map(|p| p["Name"].as_str());
    let (records, found): (Vec<&str>, Vec<&str>) = found.partition(|name| name.contains("/nodes/"));
    ensure!(
        found == expected,
        "other parameters than the three: {found:?}"
    );
    // The first manager was never a worker that waits to be promoted.
    let others = cluster.machines_of(Role::Manager)?.len() - 1;
    ensure!(records.len() == others, "records: {records:?}");
    for name in &expected[..2] {
        let writes: Vec<Request> = answers_of(lab, "PutParameter", name)?;
        ensure!(
            writes.len() == 1,
            "{name} was written {} times",
            writes.len()
        );
    }
    Ok(())
}

/// The manager token is in no parameter: it never leaves raft.
fn no_manager_token(lab: &Lab, cluster: &Cluster) -> Result<()> {
    let leader = &cluster.machines_of(Role::Manager)?[0].id;
    let token = docker(lab, leader, &["swarm", "join-token", "--quiet", "manager"])?;
    let secret = token.rsplit('-').next().unwrap_or_default();
    ensure!(secret.len() == 25, "this is no token");
    for parameter in parameters(lab, &format!("/swarmlet/{}", cluster.name()))? {
        let value = parameter["Value"].as_str().unwrap_or_default();
        ensure!(
            !value.contains(secret),
            "{} holds the manager token",
            parameter["Name"]
        );
    }
    Ok(())
}
