//! What several cases need.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use lab::{Cluster, ClusterSpec, Lab, Request, wait_until};

const TAIL: &str = "25";

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

/// A cluster of one manager and three workers that several cases use; the first makes it. It
/// goes with the lab.
pub(crate) fn shared(lab: &Lab) -> Result<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    let made = SHARED.get_or_init(|| {
        let launch = || -> Result<Cluster> {
            let cluster = Cluster::create(lab, &ClusterSpec::new("shared", 1, 3))?;
            let launched = Instant::now();
            cluster.wait_whole(Duration::from_mins(2))?;
            let time = launched.elapsed().as_secs_f64();
            eprintln!("    one manager and three workers Ready after {time:.1} s");
            Ok(cluster)
        };
        launch()
            .inspect_err(|error| eprintln!("    cannot launch the shared cluster: {error:#}"))
            .ok()
    });
    made.as_ref()
        .ok_or_else(|| anyhow!("the shared cluster could not be launched: see the first case"))
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

/// The agent has told systemd that its node is in the swarm.
pub(crate) fn agent_is_ready(lab: &Lab, id: &str) -> Result<()> {
    let state = unit(lab, id, "swarmlet.service", "ActiveState")?;
    ensure!(state == "active", "the agent is {state}");
    Ok(())
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

/// Terminates machines of no group, and waits until they are off.
pub(crate) fn terminate(lab: &Lab, ids: &[String]) -> Result<()> {
    for id in ids {
        lab.terminate(id)?;
    }
    wait_until("the machines are gone", Duration::from_mins(1), || {
        for id in ids {
            ensure!(lab::machine::systemd_of(id).is_err(), "{id} is still on");
        }
        Ok(())
    })
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
                "-u",
                "docker",
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
