//! An older distribution: Debian 12, with Docker Engine 20.10 (API 1.41) and systemd 252.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role};

use super::restarts::{ENGINE, comes_back};
use super::stacks::seen::{equip, idle, put, run, stands, tasks};
use super::support::{docker, unique};
use super::units::{sandboxed, verified};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "engine_20_10::forms_a_swarm_and_comes_back",
    run: forms_and_comes_back,
}];

const ENGINE_VERSION: &str = "20.10.";
const SYSTEMD_VERSION: &str = "systemd 252 ";
/// Settings of the units that came after this systemd. It says that it ignores them.
const NEWER_SETTINGS: [&str; 2] = ["RestartSteps", "RestartMaxDelaySec"];

fn forms_and_comes_back(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        image: Image::Bookworm,
        ..ClusterSpec::new(&unique("older"), 3, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = launched.elapsed().as_secs_f64();
    eprintln!("    three managers reachable, four nodes Ready after {time:.1} s");
    for machine in cluster.machines()? {
        is_old(lab, &machine.id)?;
    }
    let worker = &cluster.machines_of(Role::Worker)?[0].id;
    comes_back(lab, &cluster, Role::Worker, worker, &ENGINE)?;
    sandboxed(lab, worker)?;
    ignores_what_is_newer(lab, worker)?;
    deploys_stacks(lab, &cluster)
}

/// Its command takes no file without a version.
const VERSION: &str = "version: '3.8'\n";

/// Its command cannot check a file before; it finds the mistake while it deploys, and changes nothing.
fn deploys_stacks(lab: &Lab, cluster: &Cluster) -> Result<()> {
    equip(lab, cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let good = format!("{VERSION}{}", idle("busybox:1.37", 2));
    put(lab, cluster, "stacks/web", &good)?;
    stands(lab, cluster, "web", "deployed")?;
    run(lab, &manager, "web", 2)?;
    let before = tasks(lab, &manager, "web", "{{.ID}}")?;
    let broken = "services:\n  idle:\n    image: busybox:1.37\n    portss: [80]\n";
    put(lab, cluster, "stacks/web", &format!("{VERSION}{broken}"))?;
    let stack = stands(lab, cluster, "web", "failed")?;
    ensure!(stack["error"].to_string().contains("portss"), "{stack}");
    ensure!(
        tasks(lab, &manager, "web", "{{.ID}}")? == before,
        "web was disturbed"
    );
    Ok(())
}

/// Otherwise the case shows nothing.
fn is_old(lab: &Lab, id: &str) -> Result<()> {
    let format = "{{.Server.Version}} {{.Server.APIVersion}}";
    let engine = docker(lab, id, &["version", "--format", format])?;
    ensure!(
        engine.starts_with(ENGINE_VERSION),
        "the engine of {id} is {engine}"
    );
    let systemd = lab.exec(id, &["systemctl", "--version"])?.ok()?;
    let systemd = systemd.lines().next().unwrap_or_default();
    ensure!(systemd.starts_with(SYSTEMD_VERSION), "{id} has {systemd}");
    eprintln!("    {id}: engine and API {engine}, {systemd}");
    Ok(())
}

/// The settings it does not know are all that this systemd finds in the units.
pub(super) fn ignores_what_is_newer(lab: &Lab, id: &str) -> Result<()> {
    let said = verified(lab, id)?;
    let mut about_us = said.lines().filter(|line| line.contains("swarmlet"));
    ensure!(
        about_us.all(|line| NEWER_SETTINGS.iter().any(|setting| line.contains(setting))),
        "{said}"
    );
    Ok(())
}
