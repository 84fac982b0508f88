//! User data, run by the machine's own cloud-init with its EC2 datasource: the examples of the
//! documentation, all in one, on the first boot and on a reboot.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role, wait_until};
use serde_json::Value;

use super::restarts::{REBOOT, comes_back};
use super::support::{docker, unique, unit};
use super::units::verified;
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "cloud_init::user_data_is_in_effect_and_runs_once",
    run: user_data,
}];

/// The one with a further section comes last.
const EXAMPLES: [&str; 5] = ["configuration", "labels", "stack", "proxy", "every-boot"];
const LIST: &str = "\nwrite_files:\n";

fn user_data(lab: &Lab) -> Result<()> {
    let name = unique("first-boot");
    let spec = ClusterSpec {
        image: Image::CloudInit,
        user_data: Some(examples(lab)?),
        ..ClusterSpec::new(&name, 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = launched.elapsed().as_secs_f64();
    eprintln!("    whole {time:.1} s after the launch");
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    for id in [&manager, &worker] {
        settled(lab, id)?;
        ordered(lab, id)?;
        in_effect(lab, id)?;
    }
    seen_by_the_manager(lab, &manager, &worker)?;
    boots(lab, &worker, 1)?;

    comes_back(lab, &cluster, Role::Worker, &worker, &REBOOT)?;
    settled(lab, &worker)?;
    ordered(lab, &worker)?;
    boots(lab, &worker, 2)?;
    let host = lab.exec(&worker, &["hostname"])?.ok()?;
    let expected = format!("{name}-worker-{}", &worker[2..10]);
    ensure!(
        host.trim() == expected,
        "cloud-init took the host name back: {host}"
    );
    cluster.delete()
}

/// All examples as one: the files of each in one list.
fn examples(lab: &Lab) -> Result<String> {
    let folder = lab.paths().root.join("docs/examples/cloud-init");
    let mut all = format!("#cloud-config{LIST}");
    for name in EXAMPLES {
        let file = folder.join(format!("{name}.yaml"));
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let (head, files) = text
            .split_once(LIST)
            .with_context(|| format!("{name} has no list of files"))?;
        ensure!(
            head.starts_with("#cloud-config\n"),
            "{name} is no user data"
        );
        all.push_str(files);
    }
    Ok(all)
}

/// cloud-init has done all it does in a boot, without an error, by what the EC2 datasource told it.
fn settled(lab: &Lab, id: &str) -> Result<()> {
    wait_until("cloud-init is done", Duration::from_mins(1), || {
        let argv = ["cat", "/run/cloud-init/result.json"];
        let result: Value = serde_json::from_str(&lab.exec(id, &argv)?.ok()?)?;
        let result = &result["v1"];
        ensure!(result["datasource"] == "DataSourceEc2", "{result}");
        ensure!(result["errors"] == serde_json::json!([]), "{result}");
        Ok(())
    })
}

/// The units start when the files of user data are written, cloud-init ends when they are up, and
/// systemd had to drop nobody for that.
fn ordered(lab: &Lab, id: &str) -> Result<()> {
    let moments = [
        (
            "cloud-init-network.service",
            "ActiveEnterTimestampMonotonic",
        ),
        ("cloud-config.target", "ActiveEnterTimestampMonotonic"),
        ("swarmlet-prepare.service", "InactiveExitTimestampMonotonic"),
        ("swarmlet-prepare.service", "ActiveEnterTimestampMonotonic"),
        ("swarmlet.service", "InactiveExitTimestampMonotonic"),
        ("swarmlet.service", "ActiveEnterTimestampMonotonic"),
        ("multi-user.target", "ActiveEnterTimestampMonotonic"),
        ("cloud-final.service", "InactiveExitTimestampMonotonic"),
    ];
    let mut before = 1;
    for (name, property) in moments {
        let at: u64 = unit(lab, id, name, property)?.parse()?;
        ensure!(at >= before, "{name} {property}: {at}, not after {before}");
        before = at;
    }
    let said = verified(lab, id)?;
    ensure!(!said.contains("swarmlet"), "{said}");
    let argv = ["journalctl", "--no-pager", "-o", "cat", "-b", "_PID=1"];
    let journal = lab.exec(id, &argv)?.ok()?;
    ensure!(journal.contains("swarmlet"), "systemd has said nothing");
    ensure!(!journal.contains("ordering cycle"), "{journal}");
    Ok(())
}

/// What user data has written is what the agent and the engine go by.
fn in_effect(lab: &Lab, id: &str) -> Result<()> {
    let shown = lab.exec(id, &["swarmlet", "config", "show"])?.ok()?;
    for line in [
        "address_pool = \"172.24.0.0/14\"  # /etc/swarmlet/config.d/50-user-data.toml",
        "drain_limit = \"10m\"  # /etc/swarmlet/config.d/50-user-data.toml",
        "labels.disk = \"nvme\"  # /etc/swarmlet/config.d/60-labels.toml",
    ] {
        ensure!(shown.contains(line), "{line} is not in {shown}");
    }
    let daemon = lab.exec(id, &["cat", "/etc/docker/daemon.json"])?.ok()?;
    let daemon: Value = serde_json::from_str(&daemon)?;
    ensure!(daemon["log-opts"]["max-size"] == "50m", "{daemon}");
    let proxy = docker(lab, id, &["info", "--format", "{{.HTTPSProxy}}"])?;
    ensure!(proxy == "http://proxy.example.com:3128", "{proxy}");
    // Valid for this engine's client; the manager would deploy it so.
    docker(
        lab,
        id,
        &[
            "stack",
            "config",
            "--compose-file",
            "/etc/swarmlet/stacks/web.yml",
        ],
    )?;
    Ok(())
}

fn seen_by_the_manager(lab: &Lab, manager: &str, worker: &str) -> Result<()> {
    let format = "{{json .Swarm.Cluster.DefaultAddrPool}}";
    let pool = docker(lab, manager, &["info", "--format", format])?;
    ensure!(pool == r#"["172.24.0.0/14"]"#, "the swarm's pool is {pool}");
    let host = lab.exec(worker, &["hostname"])?.ok()?;
    let format = "{{json .Description.Engine.Labels}}";
    let argv = ["node", "inspect", "--format", format, host.trim()];
    let labels: Value = serde_json::from_str(&docker(lab, manager, &argv)?)?;
    ensure!(
        labels["disk"] == "nvme" && labels["tier"] == "front",
        "{labels}"
    );
    ensure!(labels["swarmlet.instance-id"] == worker, "{labels}");
    Ok(())
}

/// Scripts of user data run once, those for each boot as often as the machine has booted.
fn boots(lab: &Lab, id: &str, boots: usize) -> Result<()> {
    for (file, expected) in [("/var/log/first-boot", 1), ("/var/log/boots", boots)] {
        let found = lab.exec(id, &["cat", file])?.ok()?.lines().count();
        if found != expected {
            bail!("{file} has {found} lines");
        }
    }
    Ok(())
}
