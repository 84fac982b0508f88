//! An image like Amazon Linux 2023, without Docker: installed at boot by dnf. What is the real one's
//! here: dnf's version, systemd's, how both are set up, the packages' names; not the packages.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, FaultGuard, Image, Lab, Role, wait_until};

use super::restarts::{REBOOT, comes_back};
use super::support::{docker, journal_of, unique, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "dnf_image::installs_the_engine_when_the_repository_is_back_and_joins",
    run: installs_and_joins,
}];

const DNF_VERSION: &str = "4.14.0";
const SYSTEMD_VERSION: &str = "systemd 252 ";
const PACKAGES: [&str; 3] = ["docker", "containerd", "runc"];
const LIMIT: Duration = Duration::from_mins(2);

fn installs_and_joins(lab: &Lab) -> Result<()> {
    let outage = outage(lab)?;
    let spec = ClusterSpec {
        image: Image::Dnf,
        ..ClusterSpec::new(&unique("dnf"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let machines = cluster.machines()?;
    for machine in &machines {
        wait_until("the journal tells why", LIMIT, || tells(lab, &machine.id))?;
    }
    drop(outage);
    let back = Instant::now();
    cluster.wait_whole(LIMIT)?;
    let time = back.elapsed().as_secs_f64();
    eprintln!("    whole {time:.1} s after the repository was back");
    for machine in &machines {
        has_the_packages(lab, &machine.id)?;
    }
    let worker = &cluster.machines_of(Role::Worker)?[0].id;
    boots_without_the_repository(lab, &cluster, worker)
}

/// As a mirror that is overloaded.
fn outage(lab: &Lab) -> Result<FaultGuard> {
    lab.fault(&Fault::new("files", Effect::Error).target("/rpm/*"))
}

/// Which repository it is, and what it answers; and that this is not the end.
fn tells(lab: &Lab, id: &str) -> Result<()> {
    let said = journal_of(lab, id)?;
    for words in [
        "cannot install packages yet, trying again in",
        "repository 'amazonlinux'",
        "Status code: 503 for http",
    ] {
        ensure!(said.contains(words), "not {words:?} in: {said}");
    }
    let state = unit(lab, id, "swarmlet-prepare.service", "ActiveState")?;
    ensure!(state == "activating", "swarmlet-prepare is {state}");
    Ok(())
}

fn has_the_packages(lab: &Lab, id: &str) -> Result<()> {
    let dnf = lab.exec(id, &["dnf", "--version"])?.ok()?;
    ensure!(dnf.starts_with(DNF_VERSION), "dnf is {dnf}");
    let systemd = lab.exec(id, &["systemctl", "--version"])?.ok()?;
    ensure!(systemd.starts_with(SYSTEMD_VERSION), "{systemd}");
    let query = ["rpm", "--query", "--queryformat", "%{name}-%{version} "];
    let packages = lab.exec(id, &[&query[..], &PACKAGES].concat())?.ok()?;
    let engine = docker(lab, id, &["version", "--format", "{{.Server.Version}}"])?;
    // What Debian did to the sources follows the version.
    let engine = engine.split('+').next().unwrap_or_default();
    ensure!(
        packages.contains(&format!("docker-{engine} ")),
        "{packages}"
    );
    eprintln!("    {id}: {packages}");
    // The presets of such a system leave it disabled, and no attempt of the service's own failed.
    let enabled = lab.exec(id, &["systemctl", "is-enabled", "docker"])?.ok()?;
    ensure!(enabled.trim() == "enabled", "the engine is {enabled}");
    let restarts = unit(lab, id, "swarmlet-prepare.service", "NRestarts")?;
    ensure!(restarts == "0", "swarmlet-prepare had {restarts} restarts");
    Ok(())
}

fn boots_without_the_repository(lab: &Lab, cluster: &Cluster, id: &str) -> Result<()> {
    let installing = |lab: &Lab| -> Result<usize> {
        Ok(journal_of(lab, id)?.matches("installing Docker").count())
    };
    ensure!(installing(lab)? == 1, "it was installed more than once");
    let _outage = outage(lab)?;
    comes_back(lab, cluster, Role::Worker, id, &REBOOT)?;
    ensure!(installing(lab)? == 1, "the second boot installed again");
    Ok(())
}
