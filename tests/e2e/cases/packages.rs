//! The Debian package: installed, upgraded, removed and purged on nodes that run a task.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role, wait_until};

use super::support::{IMPORT, agent_is_ready, built_agent, docker, node_id, unique, unit};
use super::units::verified;
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "packages::a_deb_comes_and_goes_under_a_running_task",
    run: comes_and_goes,
}];

pub(super) const ENABLED: [&str; 6] = [
    "swarmlet-prepare.service",
    "swarmlet.service",
    "swarmlet-restart-engine.path",
    "swarmlet-announce.path",
    "swarmlet-clear-swarm.path",
    "swarmlet-ready.path",
];
pub(super) const EDIT: &str = "echo '# an edit' >>/etc/swarmlet/config.toml";
const SAMPLE: &str =
    "while :; do docker node ls --format '{{.Status}}'; sleep 0.05; done >/run/nodes 2>&1";
/// All that has the name, but for what the kernel and the engine show of the node's own, and the image's
/// record of what was built into it.
pub(super) const LEFT: &str = "find / -xdev -name '*swarmlet*' -not -path '/proc/*' -not -path '/sys/*' \
                    -not -path /usr/share/swarmlet \
                    -not -path '/var/lib/docker/*' -not -path '/var/log/*' -not -path '/tmp/*' -not -path '/var/cache/*'";
const SOON: Duration = Duration::from_mins(1);

fn comes_and_goes(lab: &Lab) -> Result<()> {
    let (first, second) = (package(lab, "deb", 1)?, package(lab, "deb", 2)?);
    let spec = ClusterSpec {
        image: Image::Plain,
        ..ClusterSpec::new(&unique("packages"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(Duration::from_mins(4))?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    serve(lab, &manager, &[&manager, &worker])?;
    watch(lab, &manager)?;
    for id in [&worker, &manager] {
        upgraded(lab, id, &first, &second)?;
    }
    removed(lab, &worker)?;
    all_were_ready(lab, &manager)?;
    installed_anew(lab, &worker, &second)?;
    cluster.wait_whole(SOON)?;
    cluster.delete()
}

/// Makes a package of the agent that the lab's images have.
pub(super) fn package(lab: &Lab, kind: &str, revision: u32) -> Result<PathBuf> {
    let made = Command::new(lab.paths().root.join("scripts/package"))
        .arg("--binary")
        .arg(built_agent()?)
        .args(["--revision", &revision.to_string(), kind])
        .output()
        .context("cannot run scripts/package")?;
    let said = String::from_utf8_lossy(&made.stdout);
    ensure!(
        made.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&made.stderr)
    );
    Ok(PathBuf::from(said.lines().last().unwrap_or_default()))
}

/// One task on each node.
pub(super) fn serve(lab: &Lab, manager: &str, nodes: &[&String]) -> Result<()> {
    for id in nodes {
        lab.exec(id, &["sh", "-c", IMPORT])?.ok()?;
    }
    // A sleep hears no request to end: without this its machine waits for it when it goes down.
    let words = [
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--stop-grace-period=1s",
    ];
    let task = ["--mode=global", "lab/sleeper", "/usr/bin/sleep", "1d"];
    docker(lab, manager, &[&words[..], &task].concat())?;
    for id in nodes {
        wait_until("a task runs", SOON, || container(lab, id))?;
    }
    Ok(())
}

pub(super) fn container(lab: &Lab, id: &str) -> Result<String> {
    let container = docker(lab, id, &["ps", "--quiet"])?;
    ensure!(container.lines().count() == 1, "{id} runs {container:?}");
    Ok(container)
}

/// Over what an image's provisioning has installed, and then to a higher version.
fn upgraded(lab: &Lab, id: &str, first: &Path, second: &Path) -> Result<()> {
    let before = (node_id(lab, id)?, container(lab, id)?);
    let engine = unit(lab, id, "docker.service", "MainPID")?;
    for (step, package) in [first, second].into_iter().enumerate() {
        let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
        let took = if step == 0 {
            // The file that the image has must not be asked about: it is the package's own.
            install(lab, id, package, &["man-db"])?
        } else {
            lab.exec(id, &["sh", "-c", EDIT])?.ok()?;
            install(lab, id, package, &[])?
        };
        runs_anew(lab, id, &pid)?;
        let installed = lab.exec(id, &["dpkg-query", "-Wf", "${Version}", "swarmlet"])?;
        eprintln!("    {} installed in {took:.1} s", installed.ok()?);
    }
    complete(lab, id)?;
    let config = lab.exec(id, &["tail", "-n", "1", "/etc/swarmlet/config.toml"])?;
    ensure!(config.ok()?.contains("an edit"), "the edit is lost");
    let after = (node_id(lab, id)?, container(lab, id)?);
    ensure!(before == after, "{before:?} became {after:?}");
    let same = unit(lab, id, "docker.service", "MainPID")? == engine;
    ensure!(same, "the engine was restarted");
    Ok(())
}

/// Copies a package into the machine and has apt install it; says how long apt took.
fn install(lab: &Lab, id: &str, package: &Path, more: &[&str]) -> Result<f64> {
    let file = File::open(package).with_context(|| format!("cannot read {}", package.display()))?;
    lab.exec_with_file(id, &["sh", "-c", "cat >/tmp/swarmlet.deb"], file)?
        .ok()?;
    if !more.is_empty() {
        lab.exec(id, &["apt-get", "update", "-q"])?.ok()?;
    }
    let words = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-q",
        "-y",
    ];
    let what = ["--no-install-recommends", "/tmp/swarmlet.deb"];
    let started = Instant::now();
    let said = lab.exec(id, &[&words[..], &what, more].concat())?.ok()?;
    ensure!(!said.contains("Configuration file"), "{said}");
    Ok(started.elapsed().as_secs_f64())
}

/// Another process than before, of the binary that is installed now.
pub(super) fn runs_anew(lab: &Lab, id: &str, before: &str) -> Result<()> {
    wait_until("the new agent runs", SOON, || {
        agent_is_ready(lab, id)?;
        let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
        ensure!(pid != before, "the agent is still {pid}");
        let binary = lab.exec(id, &["readlink", &format!("/proc/{pid}/exe")])?;
        let binary = binary.ok()?;
        ensure!(binary.trim() == "/usr/bin/swarmlet", "it is {binary}");
        Ok(())
    })
}

/// The units, and systemd's word on them.
fn complete(lab: &Lab, id: &str) -> Result<()> {
    brings_all(lab, id)?;
    let said = verified(lab, id)?;
    ensure!(!said.contains("swarmlet"), "{said}");
    lab.exec(id, &["dpkg", "--verify", "swarmlet"])?
        .ok()
        .map(drop)
}

/// Units, manual pages and completions.
pub(super) fn brings_all(lab: &Lab, id: &str) -> Result<()> {
    for name in ENABLED {
        let enabled = lab.exec(id, &["systemctl", "is-enabled", name])?.ok()?;
        ensure!(enabled.trim() == "enabled", "{name} is {enabled}");
    }
    let page = lab.exec(id, &["man", "8", "swarmlet"])?.ok()?;
    ensure!(page.contains("EXIT STATUS"), "{page}");
    lab.exec(id, &["man", "-w", "swarmlet-config-check"])?
        .ok()?;
    let completions = "/usr/share/bash-completion/completions/swarmlet";
    let complete = format!(". {completions} && complete -p swarmlet");
    lab.exec(id, &["bash", "-c", &complete])?.ok().map(drop)
}

/// The rules for containers come with the package, and go with it.
pub(super) fn is_guarded(lab: &Lab, id: &str, wanted: bool) -> Result<()> {
    wait_until("the rules come or go", SOON, || {
        let list = ["nft", "list", "table", "inet", "swarmlet"];
        let is = lab.exec(id, &list)?.success();
        ensure!(is == wanted, "the rules are loaded: {is}");
        Ok(())
    })
}

/// Without its agent a node is a node still; only settings and state stay, then nothing.
fn removed(lab: &Lab, id: &str) -> Result<()> {
    let before = (node_id(lab, id)?, container(lab, id)?);
    lab.exec(id, &["apt-get", "remove", "-q", "-y", "swarmlet"])?
        .ok()?;
    for name in ENABLED {
        let state = unit(lab, id, name, "LoadState")?;
        ensure!(state == "not-found", "{name} is {state}");
    }
    is_guarded(lab, id, false)?;
    let left = lab.exec(id, &["sh", "-c", LEFT])?.ok()?;
    for kept in ["/etc/swarmlet", "/var/lib/swarmlet"] {
        ensure!(left.lines().any(|line| line == kept), "{kept}: {left}");
    }
    ensure!(!left.contains("/usr/"), "{left}");
    lab.exec(id, &["apt-get", "purge", "-q", "-y", "swarmlet"])?
        .ok()?;
    let left = lab.exec(id, &["sh", "-c", LEFT])?.ok()?;
    ensure!(left.is_empty(), "left after purge: {left}");
    let after = (node_id(lab, id)?, container(lab, id)?);
    ensure!(before == after, "{before:?} became {after:?}");
    Ok(())
}

/// On a machine that has nothing of swarmlet: enabled, not started, and a start finds the swarm.
fn installed_anew(lab: &Lab, id: &str, package: &Path) -> Result<()> {
    let before = (node_id(lab, id)?, container(lab, id)?);
    install(lab, id, package, &[])?;
    for name in ENABLED {
        let enabled = lab.exec(id, &["systemctl", "is-enabled", name])?.ok()?;
        let active = unit(lab, id, name, "ActiveState")?;
        let told = format!("{} {active}", enabled.trim());
        ensure!(told == "enabled inactive", "{name} is {told}");
    }
    is_guarded(lab, id, true)?;
    let endpoint = "echo AWS_ENDPOINT_URL=http://10.98.0.1:4566 >/etc/swarmlet/environment";
    lab.exec(id, &["sh", "-c", endpoint])?.ok()?;
    lab.exec(id, &[&["systemctl", "start"][..], &ENABLED].concat())?
        .ok()?;
    agent_is_ready(lab, id)?;
    let after = (node_id(lab, id)?, container(lab, id)?);
    ensure!(before == after, "{before:?} became {after:?}");
    Ok(())
}

pub(super) fn watch(lab: &Lab, manager: &str) -> Result<()> {
    let words = ["systemd-run", "--quiet", "--unit=nodes", "sh", "-c", SAMPLE];
    lab.exec(manager, &words)?.ok().map(drop)
}

pub(super) fn all_were_ready(lab: &Lab, manager: &str) -> Result<()> {
    lab.exec(manager, &["systemctl", "stop", "nodes"])?.ok()?;
    let seen = lab.exec(manager, &["cat", "/run/nodes"])?.ok()?;
    let other: Vec<&str> = seen.lines().filter(|line| *line != "Ready").collect();
    eprintln!(
        "    {} looks at nodes, {} not Ready",
        seen.lines().count(),
        other.len()
    );
    ensure!(!seen.is_empty() && other.is_empty(), "{other:?}");
    Ok(())
}
