//! What several cases need.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Cluster, ClusterSpec, Lab, Request, wait_until};
use serde_json::Value;

const TAIL: &str = "25";

/// Makes the image lab/sleeper: a shell and `sleep` with what they are linked to: the lab has no registry.
pub(crate) const IMPORT: &str = "cd / && tar -ch usr/bin/sleep usr/bin/dash lib64/ld-linux-x86-64.so.2 \
                      lib/x86_64-linux-gnu/libc.so.6 | docker import - lab/sleeper";

/// Waits until systemd has started all it will.
pub(crate) fn booted(lab: &Lab, id: &str) -> Result<()> {
    wait_until(&format!("{id} has booted"), Duration::from_mins(1), || {
        let state = lab.exec(id, &["systemctl", "is-system-running"])?.stdout;
        match state.trim() {
            "running" | "degraded" => Ok(()),
            other => bail!("systemd is {other}"),
        }
    })
}

/// Reboots it, and waits until it boots again: the call comes back at once, and until then the old boot answers.
/// The console tells, since what is asked of a machine on its way down can hold it up there.
pub(crate) fn boots_again(lab: &Lab, id: &str) -> Result<()> {
    let boots = || -> Result<usize> { Ok(lab.console(id)?.matches("Welcome to ").count()) };
    let before = boots()?;
    lab.reboot(id)?;
    wait_until(&format!("{id} boots again"), Duration::from_mins(1), || {
        ensure!(boots()? > before, "it is on its way down");
        Ok(())
    })
}

/// Waits until the engine answers.
pub(crate) fn engine_answers(lab: &Lab, id: &str) -> Result<()> {
    wait_until(
        &format!("the engine of {id} answers"),
        Duration::from_mins(1),
        || {
            lab.exec(
                id,
                &["docker", "version", "--format", "{{.Server.Version}}"],
            )?
            .ok()
            .map(drop)
        },
    )
}

static SHARED: Mutex<Option<Cluster>> = Mutex::new(None);

/// A cluster of one manager and three workers that several cases use; the first makes it, and
/// it is not cleared away between them.
pub(crate) fn shared(lab: &Lab) -> Result<Cluster> {
    let mut shared = SHARED.lock().expect("no case panics while it holds this");
    if let Some(cluster) = shared.as_ref() {
        return Ok(cluster.clone());
    }
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("shared"), 1, 3))?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = launched.elapsed().as_secs_f64();
    eprintln!("    one manager and three workers Ready after {time:.1} s");
    Ok(shared.insert(cluster).clone())
}

/// What the clean-up between cases must leave alone.
pub(crate) fn keep_shared(keep: bool) -> Option<String> {
    let mut shared = SHARED.lock().expect("no case panics while it holds this");
    if !keep {
        *shared = None;
    }
    shared.as_ref().map(|cluster| cluster.name().to_owned())
}

/// A cluster's name that was not used before in this lab: parameters outlive their cluster.
pub(crate) fn unique(name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!(
        "{name}-{}",
        now.map_or(0, |time| time.as_secs() % 1_000_000)
    )
}

/// What the Docker client prints, without its line break.
pub(crate) fn docker(lab: &Lab, id: &str, arguments: &[&str]) -> Result<String> {
    let argv: Vec<&str> = ["docker"].iter().chain(arguments).copied().collect();
    Ok(lab.exec(id, &argv)?.ok()?.trim().to_owned())
}

/// A property of a unit, as systemd shows it.
pub(crate) fn unit(lab: &Lab, id: &str, name: &str, property: &str) -> Result<String> {
    let argv = ["systemctl", "show", "--value", "--property", property, name];
    Ok(lab.exec(id, &argv)?.ok()?.trim().to_owned())
}

/// What the dashboard has made at its start, which is not waited for.
pub(crate) fn dashboard_password(lab: &Lab, id: &str) -> Result<String> {
    wait_until("there is a password", Duration::from_secs(10), || {
        let shown = lab.exec(id, &["swarmlet", "dashboard", "--password"])?;
        Ok(shown.ok()?.trim().to_owned())
    })
}

/// The agent has told systemd that its node is in the swarm.
pub(crate) fn agent_is_ready(lab: &Lab, id: &str) -> Result<()> {
    let state = unit(lab, id, "swarmlet.service", "ActiveState")?;
    if state == "active" {
        return Ok(());
    }
    let jobs = lab.exec(id, &["systemctl", "list-jobs", "--no-legend", "--plain"])?;
    bail!("the agent is {state}; {:?}", jobs.stdout.trim())
}

/// What both units of the agent have said since the machine's first boot.
pub(crate) fn journal_of(lab: &Lab, id: &str) -> Result<String> {
    lab.exec(
        id,
        &["journalctl", "--no-pager", "-o", "cat", "-u", "swarmlet*"],
    )?
    .ok()
}

/// A line on the console: what a person sees in the EC2 console of an instance he cannot reach.
pub(crate) fn console_says(lab: &Lab, id: &str, what: &str) -> Result<()> {
    let console = lab.console(id)?;
    ensure!(console.contains(what), "the console does not say {what:?}");
    Ok(())
}

/// All requests to AWS that came from a machine.
pub(crate) fn requests_of(lab: &Lab, id: &str) -> Result<Vec<Request>> {
    let mut requests = lab.journal()?;
    requests.retain(|r| r.is_aws() && r.instance.as_deref() == Some(id));
    Ok(requests)
}

/// The successful requests of an action on one target.
pub(crate) fn answers_of(lab: &Lab, action: &str, target: &str) -> Result<Vec<Request>> {
    let mut requests = lab.journal()?;
    requests.retain(|r| r.action == action && r.target == target && r.status == Some(200));
    Ok(requests)
}

/// The agent that was built with this program, which the lab's images have.
pub(crate) fn built_agent() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent);
    Ok(folder.context("the build has no folder")?.join("swarmlet"))
}

/// Docker's id of the node that an engine is.
pub(crate) fn node_id(lab: &Lab, id: &str) -> Result<String> {
    docker(lab, id, &["info", "--format", "{{.Swarm.NodeID}}"])
}

/// The name of an instance's profile.
pub(crate) fn profile(lab: &Lab, id: &str) -> Result<String> {
    let answer = lab.aws(&["ec2", "describe-instances", "--instance-ids", id])?;
    let arn = &answer["Reservations"][0]["Instances"][0]["IamInstanceProfile"]["Arn"];
    let name = arn
        .as_str()
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    ensure!(!name.is_empty(), "{id} has no profile: {answer}");
    Ok(name.to_owned())
}

/// All parameters below a path, with their values, in order of their names.
pub(crate) fn parameters(lab: &Lab, root: &str) -> Result<Vec<Value>> {
    let words = [
        "ssm",
        "get-parameters-by-path",
        "--recursive",
        "--with-decryption",
        "--path",
        root,
    ];
    let mut list = lab.aws(&words)?["Parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    list.sort_by_key(|parameter| parameter["Name"].to_string());
    Ok(list)
}

/// Prints what the machines have to say, after a case has failed.
pub(crate) fn tell_machines(lab: &Lab) {
    for instance in lab.instances().unwrap_or_default() {
        if instance.terminated() {
            continue;
        }
        eprintln!(
            "    --- {} {} {}",
            instance.id, instance.state, instance.address
        );
        for argv in [
            &["systemctl", "--failed", "--no-legend", "--plain"][..],
            &[
                "journalctl",
                "-b",
                "-o",
                "cat",
                "-n",
                TAIL,
                "-u",
                "swarmlet*",
            ],
        ] {
            if let Ok(output) = lab.exec(&instance.id, argv) {
                output
                    .stdout
                    .lines()
                    .for_each(|line| eprintln!("    {line}"));
            }
        }
    }
}
