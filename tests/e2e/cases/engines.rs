//! Engines older and newer than the usual image's: Debian 12 with Docker Engine 20.10 (API 1.41) and systemd 252, and
//! Debian's testing with the newest that Debian has, 28.5 (API 1.51) and systemd 262 when this was written.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role};

use super::firewall;
use super::restarts::{AGENT, ENGINE, REBOOT, Restart, comes_back};
use super::stacks::seen::{equip, idle, put, run, stands, tasks};
use super::support::{docker, unique};
use super::units::{sandboxed, verified};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "engines::the_oldest_forms_a_swarm_and_comes_back",
        run: |lab| forms_and_comes_back(lab, &OLDEST),
    },
    Case {
        name: "engines::the_newest_forms_a_swarm_and_comes_back",
        run: |lab| forms_and_comes_back(lab, &NEWEST),
    },
];

/// A distribution, and what has to be true of it for the case to show anything.
struct Distribution {
    name: &'static str,
    image: Image,
    engine: RangeInclusive<(u32, u32)>,
    systemd: RangeInclusive<u32>,
    /// Settings of the units that came after its systemd. It says that it ignores them.
    newer_settings: &'static [&'static str],
    /// What is restarted, on whom.
    restarts: &'static [(Role, &'static Restart)],
    /// How a stack's file begins: an old command takes none without a version.
    version: &'static str,
}

const OLDEST: Distribution = Distribution {
    name: "older",
    image: Image::Bookworm,
    engine: (20, 10)..=(20, 10),
    systemd: 252..=252,
    newer_settings: &NEWER_SETTINGS,
    restarts: &[(Role::Worker, &ENGINE)],
    version: "version: '3.8'\n",
};
/// Testing moves on: what is newer will do.
const NEWEST: Distribution = Distribution {
    name: "newer",
    image: Image::Forky,
    engine: (28, 5)..=(u32::MAX, 0),
    systemd: 258..=u32::MAX,
    newer_settings: &[],
    restarts: &[
        (Role::Worker, &REBOOT),
        (Role::Manager, &REBOOT),
        (Role::Worker, &ENGINE),
        (Role::Manager, &ENGINE),
        (Role::Worker, &AGENT),
    ],
    version: "",
};
const NEWER_SETTINGS: [&str; 2] = ["RestartSteps", "RestartMaxDelaySec"];

fn forms_and_comes_back(lab: &Lab, distribution: &Distribution) -> Result<()> {
    let spec = ClusterSpec {
        image: distribution.image.clone(),
        ..ClusterSpec::new(&unique(distribution.name), 3, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = launched.elapsed().as_secs_f64();
    eprintln!("    three managers reachable, four nodes Ready after {time:.1} s");
    for machine in cluster.machines()? {
        is_as_told(lab, &machine.id, distribution)?;
    }
    for (role, restart) in distribution.restarts {
        let id = &cluster.machines_of(*role)?[0].id;
        comes_back(lab, &cluster, *role, id, restart)?;
    }
    let worker = &cluster.machines_of(Role::Worker)?[0].id;
    sandboxed(lab, worker)?;
    firewall::closed(lab, &cluster)?;
    complains_of(lab, worker, distribution.newer_settings)?;
    deploys_stacks(lab, &cluster, distribution.version)?;
    lab.exec(worker, &["swarmlet", "doctor"])?.ok()?;
    cluster.delete()
}

/// An old command cannot check a file before; it finds the mistake while it deploys, and changes nothing.
pub(super) fn deploys_stacks(lab: &Lab, cluster: &Cluster, version: &str) -> Result<()> {
    equip(lab, cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let good = format!("{version}{}", idle("busybox:1.37", 2));
    put(lab, cluster, "stacks/web", &good)?;
    stands(lab, cluster, "web", "deployed")?;
    run(lab, &manager, "web", 2)?;
    let before = tasks(lab, &manager, "web", "{{.ID}}")?;
    let broken = "services:\n  idle:\n    image: busybox:1.37\n    portss: [80]\n";
    put(lab, cluster, "stacks/web", &format!("{version}{broken}"))?;
    let stack = stands(lab, cluster, "web", "failed")?;
    ensure!(stack["error"].to_string().contains("portss"), "{stack}");
    ensure!(
        tasks(lab, &manager, "web", "{{.ID}}")? == before,
        "web was disturbed"
    );
    Ok(())
}

/// Otherwise the case shows nothing.
fn is_as_told(lab: &Lab, id: &str, distribution: &Distribution) -> Result<()> {
    let engine = engine(lab, id)?;
    ensure!(
        distribution.engine.contains(&numbers(&engine)?),
        "the engine of {id} is {engine}"
    );
    let systemd = lab.exec(id, &["systemctl", "--version"])?.ok()?;
    let systemd = systemd.lines().next().unwrap_or_default();
    // `systemd 252 (252.39-1~deb12u1)`
    let number = systemd.split(' ').nth(1).unwrap_or_default();
    let number = number.parse().with_context(|| systemd.to_owned())?;
    ensure!(distribution.systemd.contains(&number), "{id} has {systemd}");
    eprintln!("    {id}: engine and API {engine}, {systemd}");
    Ok(())
}

/// Version and API of an engine: `28.5.2+dfsg4 1.51`.
pub(super) fn engine(lab: &Lab, id: &str) -> Result<String> {
    let format = "{{.Server.Version}} {{.Server.APIVersion}}";
    docker(lab, id, &["version", "--format", format])
}

/// The first two numbers of an engine's version.
pub(super) fn numbers(version: &str) -> Result<(u32, u32)> {
    let mut parts = version.split(['.', '+']).map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => anyhow::bail!("{version} is no version"),
    }
}

/// The settings it does not know are all that a systemd of 252 finds in the units.
pub(super) fn ignores_what_is_newer(lab: &Lab, id: &str) -> Result<()> {
    complains_of(lab, id, &NEWER_SETTINGS)
}

/// These are all that systemd finds in the units.
fn complains_of(lab: &Lab, id: &str, settings: &[&str]) -> Result<()> {
    let said = verified(lab, id)?;
    let mut about_us = said.lines().filter(|line| line.contains("swarmlet"));
    ensure!(
        about_us.all(|line| settings.iter().any(|setting| line.contains(setting))),
        "{said}"
    );
    Ok(())
}
