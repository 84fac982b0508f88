//! What the cases of stacks need: an image without a registry, parameters, and what the leader says.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, Lab, Role, wait_until};
use serde_json::Value;

use crate::cases::support::{docker, journal_of};

/// A leader looks this often in these cases.
pub(in crate::cases) const LOOK: Duration = Duration::from_secs(10);
pub(in crate::cases) const SOON: Duration = Duration::from_mins(1);
/// The only image: the lab has no registry of the world's. Not of the static busybox, which cannot
/// resolve names.
const IMPORT: &str = "set -e; root=$(mktemp -d); mkdir -p $root/bin $root/tmp
cd / && tar -ch lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libc.so.6 lib/x86_64-linux-gnu/libresolv.so.2 | tar -C $root -x
curl -sSf -o $root/bin/busybox http://10.98.0.1:8080/programs/busybox; chmod 755 $root/bin/busybox
for word in sh cat chmod echo hostname httpd mkdir printf sleep wget; do ln -s busybox $root/bin/$word; done
tar -C $root -c . | docker import - busybox:1.37; rm -r $root";
const SETTINGS: &str = "mkdir -p /etc/swarmlet/config.d
printf '[swarm]\nstacks_refresh = \"10s\"\n' >/etc/swarmlet/config.d/lab.toml
systemctl restart swarmlet";

/// Gives a machine the image.
pub(in crate::cases) fn supply(lab: &Lab, id: &str) -> Result<()> {
    lab.exec(id, &["sh", "-c", IMPORT])?.ok().map(drop)
}

/// Gives every machine the image, and makes managers look for changes often.
pub(in crate::cases) fn equip(lab: &Lab, cluster: &Cluster) -> Result<()> {
    for machine in cluster.machines()? {
        supply(lab, &machine.id)?;
    }
    for machine in cluster.machines_of(Role::Manager)? {
        lab.exec(&machine.id, &["sh", "-c", SETTINGS])?.ok()?;
    }
    Ok(())
}

/// Writes a parameter of the cluster: `stacks/web`, `registries/…`.
pub(in crate::cases) fn put(lab: &Lab, cluster: &Cluster, name: &str, value: &str) -> Result<()> {
    let name = format!("/swarmlet/{}/{name}", cluster.name());
    let words = ["ssm", "put-parameter", "--overwrite", "--type", "String"];
    lab.aws(&[&words[..], &["--name", &name, "--value", value]].concat())
        .map(drop)
}

pub(in crate::cases) fn erase(lab: &Lab, cluster: &Cluster, name: &str) -> Result<()> {
    let name = format!("/swarmlet/{}/{name}", cluster.name());
    lab.aws(&["ssm", "delete-parameter", "--name", &name])
        .map(drop)
}

/// The manager that leads.
pub(in crate::cases) fn leader(lab: &Lab, cluster: &Cluster) -> Result<String> {
    let format = "{{.ManagerStatus.Leader}}";
    let managers = cluster.machines_of(Role::Manager)?;
    let leads = |id: &str| {
        let said = docker(lab, id, &["node", "inspect", "self", "--format", format]);
        said.is_ok_and(|said| said == "true")
    };
    let found = managers.into_iter().find(|manager| leads(&manager.id));
    Ok(found.context("nobody leads")?.id)
}

/// What the leader's status says.
pub(in crate::cases) fn status(lab: &Lab, leader: &str) -> Result<Value> {
    let said = lab.exec(leader, &["swarmlet", "status", "--json"])?;
    serde_json::from_str(&said.stdout).context(said.stderr)
}

/// Waits until the leader says of a stack that it stands so; returns its entry.
pub(in crate::cases) fn stands(
    lab: &Lab,
    cluster: &Cluster,
    name: &str,
    state: &str,
) -> Result<Value> {
    wait_until(&format!("{name} is {state}"), SOON, || {
        let status = status(lab, &leader(lab, cluster)?)?;
        let stacks = status["stacks"].as_array().context("no stacks")?;
        let stack = stacks.iter().find(|stack| stack["name"] == name);
        let stack = stack.with_context(|| format!("not among {stacks:?}"))?;
        ensure!(stack["state"] == state, "{stack}");
        Ok(stack.clone())
    })
}

/// A stack of one service with so many tasks that do nothing.
pub(in crate::cases) fn idle(image: &str, replicas: usize) -> String {
    format!(
        "services:\n  idle:\n    image: {image}\n    command: [sleep, '100000']\n    \
         stop_grace_period: 0s\n    deploy:\n      replicas: {replicas}\n      endpoint_mode: dnsrr\n"
    )
}

/// The tasks of a stack that are meant to run, as lines of a format.
pub(in crate::cases) fn tasks(
    lab: &Lab,
    manager: &str,
    stack: &str,
    format: &str,
) -> Result<Vec<String>> {
    let words = ["stack", "ps", stack, "--no-trunc", "--filter"];
    let how = ["desired-state=running", "--format", format];
    let text = docker(lab, manager, &[&words[..], &how].concat())?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

/// Waits until so many tasks of a stack run, and no other is meant to.
pub(in crate::cases) fn run(lab: &Lab, manager: &str, stack: &str, count: usize) -> Result<()> {
    wait_until(&format!("{count} tasks of {stack} run"), SOON, || {
        let tasks = tasks(
            lab,
            manager,
            stack,
            "{{.CurrentState}} {{.Name}} {{.Error}}",
        )?;
        let running = tasks.iter().filter(|task| task.starts_with("Running"));
        let running = running.count();
        ensure!((running, tasks.len()) == (count, count), "{tasks:#?}");
        Ok(())
    })
}

/// Lays a file on a machine.
pub(in crate::cases) fn with_file(lab: &Lab, id: &str, path: &str, text: &str) -> Result<()> {
    let script = format!("mkdir -p $(dirname {path}); cat >{path}");
    lab.exec_with_input(id, &["sh", "-c", &script], text)?
        .ok()
        .map(drop)
}

/// How often managers have said something, all together.
pub(in crate::cases) fn said(lab: &Lab, managers: &[String], what: &str) -> Result<usize> {
    let mut count = 0;
    for id in managers {
        let journal = journal_of(lab, id)?;
        count += journal.lines().filter(|line| line.contains(what)).count();
    }
    Ok(count)
}
