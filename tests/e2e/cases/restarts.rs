//! Restarts of the machine, the engine and the agent: the node comes back by itself, as the
//! same node, and nothing is claimed again.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, Role, wait_until};

use super::support::{agent_is_ready, boots_again, node_id, requests_of, shared};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "restarts::reboot",
        run: |lab| on_each_role(lab, &REBOOT),
    },
    Case {
        name: "restarts::engine",
        run: |lab| on_each_role(lab, &ENGINE),
    },
    Case {
        name: "restarts::agent_killed",
        run: |lab| on_each_role(lab, &AGENT),
    },
    Case {
        name: "restarts::stopped_while_parameter_store_is_silent",
        run: stopped_in_a_step,
    },
];

/// How long a service may take to stop, whatever it is doing.
const STOPPED: Duration = Duration::from_secs(2);

/// The only manager leads: started anew, it compares the ticket first, and nobody answers. It is stopped in the middle of
/// that, and comes back when it is started.
fn stopped_in_a_step(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let id = cluster.machines_of(Role::Manager)?[0].id.clone();
    let silence = lab::Fault::new("ssm", lab::Effect::Drop).instance(&id);
    let silence = lab.fault(&silence)?;
    let asked = requests_of(lab, &id)?.len();
    let systemctl = |arguments: &[&str]| {
        let argv = [&["systemctl"], arguments, &["swarmlet"]].concat();
        lab.exec(&id, &argv)?.ok().map(drop)
    };
    systemctl(&["--no-block", "restart"])?;
    wait_until("it asks", Duration::from_mins(1), || {
        ensure!(requests_of(lab, &id)?.len() > asked, "not yet");
        Ok(())
    })?;
    let told = Instant::now();
    systemctl(&["stop"])?;
    let took = told.elapsed();
    drop(silence);
    systemctl(&["start"])?;
    cluster.wait_whole(Duration::from_mins(1))?;
    eprintln!("    stopped after {:.2} s", took.as_secs_f64());
    ensure!(took < STOPPED, "it stopped after {took:?}");
    Ok(())
}

/// A way to restart something on a node, and how to see that it has happened.
pub(super) struct Restart {
    pub(super) cause: fn(&Lab, &str) -> Result<()>,
    /// A property of a unit that is another after the restart.
    pub(super) sign: [&'static str; 2],
}

pub(super) const REBOOT: Restart = Restart {
    cause: boots_again,
    sign: ["", "UserspaceTimestampMonotonic"],
};
pub(super) const ENGINE: Restart = Restart {
    cause: |lab, id| {
        lab.exec(id, &["systemctl", "restart", "docker"])?
            .ok()
            .map(drop)
    },
    sign: ["docker.service", "MainPID"],
};
pub(super) const AGENT: Restart = Restart {
    cause: |lab, id| {
        let kill = [
            "systemctl",
            "kill",
            "--kill-whom=main",
            "--signal=SIGKILL",
            "swarmlet.service",
        ];
        lab.exec(id, &kill)?.ok().map(drop)
    },
    sign: ["swarmlet.service", "MainPID"],
};

pub(super) fn on_each_role(lab: &Lab, restart: &Restart) -> Result<()> {
    let cluster = shared(lab)?;
    for role in [Role::Worker, Role::Manager] {
        let id = cluster.machines_of(role)?[0].id.clone();
        comes_back(lab, &cluster, role, &id, restart)?;
    }
    Ok(())
}

pub(super) fn comes_back(
    lab: &Lab,
    cluster: &Cluster,
    role: Role,
    id: &str,
    restart: &Restart,
) -> Result<()> {
    let node = node_id(lab, id)?;
    let (before, calls) = (sign(lab, id, restart)?, requests_of(lab, id)?.len());
    let claims = claims(lab, cluster)?;
    let caused = Instant::now();
    (restart.cause)(lab, id)?;
    wait_until("the restart has happened", Duration::from_mins(1), || {
        let now = sign(lab, id, restart)?;
        ensure!(!now.is_empty() && now != "0" && now != before, "not yet");
        Ok(())
    })?;
    wait_until("its agent is ready", Duration::from_mins(1), || {
        agent_is_ready(lab, id)
    })?;
    cluster.wait_whole(Duration::from_mins(1))?;
    eprintln!(
        "    {}: whole again after {:.1} s",
        role.name(),
        caused.elapsed().as_secs_f64()
    );
    ensure!(node_id(lab, id)? == node, "{id} is another node now");
    ensure!(
        self::claims(lab, cluster)? == claims,
        "something was claimed again"
    );
    if role == Role::Worker {
        let added = requests_of(lab, id)?.len() - calls;
        ensure!(
            added == 0,
            "a worker that is a member called AWS {added} times"
        );
    }
    Ok(())
}

fn sign(lab: &Lab, id: &str, restart: &Restart) -> Result<String> {
    let [unit, property] = restart.sign;
    let mut argv = vec!["systemctl", "show", "--value", "--property", property];
    argv.extend(Some(unit).filter(|unit| !unit.is_empty()));
    Ok(lab.exec(id, &argv)?.ok()?.trim().to_owned())
}

/// Every try to write a register of this cluster.
fn claims(lab: &Lab, cluster: &Cluster) -> Result<usize> {
    let registers = format!("/swarmlet/{}/epochs/", cluster.name());
    let requests = lab.journal()?.into_iter();
    let writes = requests.filter(|r| r.action == "PutParameter" && r.target.contains(&registers));
    Ok(writes.count())
}
