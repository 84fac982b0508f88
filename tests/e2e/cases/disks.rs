//! A disk of the engine's that images fill: what nobody uses goes, tasks and the machine's own images stay.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};
use serde_json::Value;

use super::image_pulled::{TINY, provision, serve};
use super::support::{IMPORT, docker, engine_answers, journal_of, unique};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "disks::a_full_one_is_freed_of_what_no_task_uses",
    run: freed,
}];

const LIMIT: Duration = Duration::from_mins(4);
/// Puts the engine's data folder on a file system of its own, a small one: the machines share the host's disk.
const SMALL: &str = "systemctl stop docker.socket docker && mkdir /run/small && \
                     mount -t tmpfs -o size=256m,mode=0710 tmpfs /run/small && \
                     cp -a /var/lib/docker/. /run/small && mount --bind /run/small /var/lib/docker && \
                     systemctl start docker";
const SHARE: &str = "df --output=pcent /var/lib/docker | tail -n 1 | tr -dc 0-9";
/// Images of 20 MB that nothing can be saved of, until it is full.
const FILL: &str = "number=0; while [ $(df --output=pcent /var/lib/docker | tail -n 1 | tr -dc 0-9) -lt 87 ]; do \
                    number=$((number + 1)); head -c 20M /dev/urandom >/root/fill && \
                    tar -C /root -c fill | docker import - lab/fill:$number || exit 1; done; rm /root/fill";

fn freed(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("disks"), 1, 1))?;
    cluster.wait_whole(LIMIT)?;
    let first = |role| -> Result<String> {
        let machine = cluster.machines_of(role)?.into_iter().next();
        Ok(machine.context("there is none")?.id)
    };
    let (manager, worker) = (first(Role::Manager)?, first(Role::Worker)?);
    serve(lab, &worker)?;
    provision(lab, &worker, "30-images.sh")?;
    shell(lab, &worker, SMALL)?;
    engine_answers(lab, &worker)?;
    cluster.wait_whole(LIMIT)?;
    shell(lab, &worker, IMPORT)?;
    run_task(lab, &manager, &worker)?;
    let task = running(lab, &worker)?;

    shell(lab, &worker, FILL)?;
    let (full, filled) = (share(lab, &worker)?, filling(lab, &worker)?);
    eprintln!("    {full} % full with {filled} images that nobody uses");
    set(lab, &worker, "min_age = \"10s\"")?;
    wait_until("the disk is at its low mark", LIMIT, || {
        let share = share(lab, &worker)?;
        ensure!(share <= 75, "{share} % full");
        Ok(())
    })?;
    let (share, left) = (share(lab, &worker)?, filling(lab, &worker)?);
    eprintln!("    {share} % full with {left} of them");
    ensure!(share > 60 && left > 0, "more went than had to: {left}");
    ensure!(running(lab, &worker)? == task, "the task is another one");
    let journal = journal_of(lab, &worker)?;
    ensure!(journal.contains("removed an image that nobody uses"));
    wait_until("status and numbers tell of it", LIMIT, || {
        told(lab, &worker, filled - left)
    })?;

    all_that_may_goes(lab, &manager, &worker)?;
    cluster.delete()
}

/// With marks that cannot be reached everything goes but what has to stay.
fn all_that_may_goes(lab: &Lab, manager: &str, worker: &str) -> Result<()> {
    docker(
        lab,
        manager,
        &["service", "update", "--force", "--detach=false", "idle"],
    )?;
    let task = running(lab, worker)?;
    let all = docker(lab, worker, &["ps", "--all", "--quiet"])?;
    ensure!(all.lines().count() == 2, "no task has ended: {all}");
    set(lab, worker, "min_age = \"10s\"\nhigh = 1\nlow = 0")?;
    wait_until("nothing is left to remove", LIMIT, || {
        let disk = disk(lab, worker)?;
        ensure!(disk["state"] == "stuck", "{disk}");
        let left = filling(lab, worker)?;
        ensure!(left == 0, "{left} images are left");
        let all = docker(lab, worker, &["ps", "--all", "--quiet", "--no-trunc"])?;
        ensure!(all == task, "{all} are left, of which {task} runs");
        Ok(())
    })?;
    for image in [TINY, "lab/sleeper"] {
        docker(lab, worker, &["image", "inspect", image])?;
    }
    let nodes = docker(lab, manager, &["node", "ls", "--format", "{{.Status}}"])?;
    ensure!(nodes == "Ready\nReady", "{nodes}");
    Ok(())
}

/// A service on the worker, whose image no registry has.
fn run_task(lab: &Lab, manager: &str, worker: &str) -> Result<()> {
    let create = [
        "service",
        "create",
        "--name=idle",
        "--constraint=node.role==worker",
        "--no-resolve-image",
        "--stop-grace-period=1s",
        "--detach",
        "lab/sleeper",
        "/usr/bin/sleep",
        "100000",
    ];
    docker(lab, manager, &create)?;
    wait_until("the task runs", LIMIT, || running(lab, worker).map(drop))
}

/// The worker's only running container.
fn running(lab: &Lab, worker: &str) -> Result<String> {
    let id = docker(lab, worker, &["ps", "--quiet", "--no-trunc"])?;
    ensure!(id.len() == 64, "not one container runs: {id:?}");
    Ok(id)
}

/// How full the engine's disk is, as `df` says it.
fn share(lab: &Lab, worker: &str) -> Result<u64> {
    Ok(shell(lab, worker, SHARE)?.trim().parse()?)
}

/// How many of the images are left that fill it.
fn filling(lab: &Lab, worker: &str) -> Result<u64> {
    let list = docker(lab, worker, &["images", "--quiet", "lab/fill"])?;
    Ok(u64::try_from(list.lines().count())?)
}

/// Settings of the disk, with which the agent starts anew.
fn set(lab: &Lab, worker: &str, settings: &str) -> Result<()> {
    let script = format!(
        "mkdir -p /etc/swarmlet/config.d; printf '[disk]\\n%s\\n' '{settings}' >/etc/swarmlet/config.d/disk.toml && \
         systemctl restart swarmlet"
    );
    shell(lab, worker, &script).map(drop)
}

fn disk(lab: &Lab, worker: &str) -> Result<Value> {
    let status = lab.exec(worker, &["swarmlet", "status", "--json"])?;
    let status: Value = serde_json::from_str(&status.stdout)?;
    Ok(status["disk"].clone())
}

/// Status and metrics say that so many images went.
fn told(lab: &Lab, worker: &str, removed: u64) -> Result<()> {
    let disk = disk(lab, worker)?;
    ensure!(
        disk["removed_images"] == removed && disk["state"] == "enough",
        "{disk}"
    );
    ensure!(disk["folder"] == "/var/lib/docker", "{disk}");
    let socket = "curl -sSf --unix-socket /run/swarmlet/metrics.sock http://localhost/metrics";
    let numbers = shell(lab, worker, socket)?;
    let line = format!("swarmlet_disk_removed_total{{kind=\"image\"}} {removed}");
    ensure!(numbers.contains(&line), "no {line:?} in {numbers}");
    Ok(())
}

fn shell(lab: &Lab, id: &str, script: &str) -> Result<String> {
    lab.exec(id, &["sh", "-c", script])?.ok()
}
