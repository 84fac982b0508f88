//! The rpm: installed over what an image's provisioning has left, upgraded, removed and installed
//! anew with dnf, on nodes that run a task.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role};

use super::engines::ignores_what_is_newer;
use super::packages::{
    EDIT, ENABLED, LEFT, all_were_ready, brings_all, container, is_guarded, package, runs_anew,
    serve, watch,
};
use super::support::{agent_is_ready, node_id, unique, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "rpm_package::comes_and_goes_under_a_running_task",
    run: comes_and_goes,
}];

fn comes_and_goes(lab: &Lab) -> Result<()> {
    let (first, second) = (package(lab, "rpm", 1)?, package(lab, "rpm", 2)?);
    let spec = ClusterSpec {
        image: Image::Dnf,
        ..ClusterSpec::new(&unique("rpm"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    serve(lab, &manager, &[&manager, &worker])?;
    watch(lab, &manager)?;
    for id in [&worker, &manager] {
        keeps_its_task(lab, id, || upgraded(lab, id, &first, &second))?;
    }
    keeps_its_task(lab, &worker, || removed(lab, &worker))?;
    keeps_its_task(lab, &worker, || installed_anew(lab, &worker, &second))?;
    all_were_ready(lab, &manager)?;
    cluster.wait_whole(Duration::from_mins(1)).map(drop)
}

/// The same node, container and engine as before.
fn keeps_its_task(lab: &Lab, id: &str, change: impl FnOnce() -> Result<()>) -> Result<()> {
    let look = || -> Result<[String; 3]> {
        let engine = unit(lab, id, "docker.service", "MainPID")?;
        Ok([node_id(lab, id)?, container(lab, id)?, engine])
    };
    let before = look()?;
    change()?;
    let after = look()?;
    ensure!(before == after, "{before:?} became {after:?}");
    Ok(())
}

fn upgraded(lab: &Lab, id: &str, first: &Path, second: &Path) -> Result<()> {
    for package in [first, second] {
        let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
        install(lab, id, package)?;
        runs_anew(lab, id, &pid)?;
        if package == first {
            lab.exec(id, &["sh", "-c", EDIT])?.ok()?;
        }
    }
    brings_all(lab, id)?;
    ignores_what_is_newer(lab, id)?;
    let verify = ["rpm", "--verify", "--noconfig", "swarmlet"];
    lab.exec(id, &verify)?.ok()?;
    let config = lab.exec(id, &["tail", "-n", "1", "/etc/swarmlet/config.toml"])?;
    ensure!(config.ok()?.contains("an edit"), "the edit is lost");
    Ok(())
}

fn install(lab: &Lab, id: &str, package: &Path) -> Result<()> {
    let file = File::open(package).with_context(|| format!("cannot read {}", package.display()))?;
    lab.exec_with_file(id, &["sh", "-c", "cat >/tmp/swarmlet.rpm"], file)?
        .ok()?;
    let started = Instant::now();
    lab.exec(id, &["dnf", "install", "-y", "/tmp/swarmlet.rpm"])?
        .ok()?;
    let took = started.elapsed().as_secs_f64();
    let query = ["rpm", "--query", "swarmlet"];
    let installed = lab.exec(id, &query)?.ok()?;
    eprintln!("    {} installed in {took:.1} s", installed.trim());
    Ok(())
}

/// Without its agent a node is a node still; only settings and state stay.
fn removed(lab: &Lab, id: &str) -> Result<()> {
    lab.exec(id, &["dnf", "remove", "-y", "swarmlet"])?.ok()?;
    for name in ENABLED {
        let state = unit(lab, id, name, "LoadState")?;
        ensure!(state == "not-found", "{name} is {state}");
    }
    is_guarded(lab, id, false)?;
    let left = lab.exec(id, &["sh", "-c", LEFT])?.ok()?;
    for kept in ["/etc/swarmlet", "/var/lib/swarmlet"] {
        ensure!(left.lines().any(|line| line == kept), "{kept}: {left}");
    }
    // The image's word on itself is no package's.
    let in_usr = left.lines().filter(|line| line.starts_with("/usr/"));
    let left: Vec<&str> = in_usr
        .filter(|line| *line != "/usr/share/swarmlet")
        .collect();
    ensure!(left.is_empty(), "{left:?}");
    // What was edited is put aside, as rpm does.
    let saved = "/etc/swarmlet/config.toml.rpmsave";
    lab.exec(id, &["grep", "-q", "an edit", saved])?
        .ok()
        .map(drop)
}

/// Enabled by the package's preset where all else is left disabled; started by hand or the next boot.
fn installed_anew(lab: &Lab, id: &str, package: &Path) -> Result<()> {
    install(lab, id, package)?;
    for name in ENABLED {
        let enabled = lab.exec(id, &["systemctl", "is-enabled", name])?.ok()?;
        let active = unit(lab, id, name, "ActiveState")?;
        let told = format!("{} {active}", enabled.trim());
        ensure!(told == "enabled inactive", "{name} is {told}");
    }
    is_guarded(lab, id, true)?;
    lab.exec(id, &[&["systemctl", "start"][..], &ENABLED].concat())?
        .ok()?;
    agent_is_ready(lab, id)
}
