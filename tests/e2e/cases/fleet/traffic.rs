//! What a load balancer hears of a worker, asked five times a second from another machine: while it serves, is drained and
//! brought back, is restarted, leaves and stays for traffic, and when its agent has ended.

mod checks;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, Instance, Lab, Role, wait_until};

use super::seen::{formed, manager, serve};
use crate::Case;
use crate::cases::support::unit;
use checks::{Checks, Second, listen, watched};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::a_health_check_hears_of_a_worker_and_a_departing_one_waits_for_traffic",
    run: heard,
}];

const WORD: Duration = Duration::from_secs(15);
/// Longer than a worker without tasks stays anyway, which is 25 s and some.
const WAIT: u64 = 45;
const SETTINGS: &str = "printf '[ready]\\nlisten = \"0.0.0.0:8378\"\\n[departure]\\ntraffic_wait = \"45s\"\\n' \
                        >/etc/swarmlet/config.d/ready.toml && systemctl restart swarmlet";
/// An agent that has ended is believed for so long (`protocol::pace::READINESS_LASTS`).
const BELIEVED: Duration = Duration::from_secs(30);

fn heard(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "traffic", 1, 2)?;
    serve(lab, &cluster, 2)?;
    let manager = manager(&cluster)?;
    let workers = cluster.machines_of(Role::Worker)?;
    let (stays, goes) = (&workers[0], &workers[1]);
    for worker in &workers {
        is_off(lab, worker)?;
        lab.exec(&worker.id, &["sh", "-c", SETTINGS])?.ok()?;
        listen(lab, &manager, worker)?;
    }
    for worker in &workers {
        Checks::of(lab, &manager, worker).wait("ready", WORD)?;
    }
    is_nobody(lab, goes)?;
    let begun = now();
    cluster.protect(Role::Worker, &[&stays.id])?;
    watched(lab, goes)?;
    cluster.scale(Role::Worker, 1)?;
    drained_and_back(lab, &manager, stays)?;
    restarted(lab, &manager, stays)?;
    left(lab, &cluster, goes, begun)?;
    ended(lab, &manager, stays)?;
    cluster.delete()
}

/// Milliseconds since the Unix epoch: one clock for all machines, which are containers.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| {
        u64::try_from(time.as_millis()).unwrap_or_default()
    })
}

fn is_off(lab: &Lab, worker: &Instance) -> Result<()> {
    let state = unit(lab, &worker.id, "swarmlet-ready.service", "ActiveState")?;
    ensure!(
        state == "inactive",
        "the listener is {state} without a setting"
    );
    Ok(())
}

/// Who answers is a user that the host does not know.
fn is_nobody(lab: &Lab, worker: &Instance) -> Result<()> {
    let pid = unit(lab, &worker.id, "swarmlet-ready.service", "MainPID")?;
    let path = format!("/proc/{pid}/status");
    let status = lab.exec(&worker.id, &["cat", &path])?.ok()?;
    let value = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.map(str::trim).context("no such line")
    };
    let user: u32 = value("Uid:")?
        .split_whitespace()
        .next()
        .context("nobody")?
        .parse()?;
    eprintln!(
        "    the listener: user {user}, {} resident",
        value("VmRSS:")?
    );
    // systemd's range for such users.
    ensure!((61184..=65519).contains(&user), "it is user {user}");
    ensure!(
        value("CapEff:")?.trim_matches('0').is_empty(),
        "it has capabilities"
    );
    Ok(())
}

fn drained_and_back(lab: &Lab, manager: &Instance, worker: &Instance) -> Result<()> {
    let checks = Checks::of(lab, manager, worker);
    let asked = now();
    lab.exec(&worker.id, &["swarmlet", "drain"])?.ok()?;
    checks.wait("draining", WORD)?;
    let heard = checks.first_after(asked, "draining")?;
    eprintln!(
        "    `swarmlet drain`: 503 draining {} ms after the command began",
        heard - asked
    );
    ensure!(
        heard - asked <= 1000,
        "a drain is heard {} ms later",
        heard - asked
    );
    let back = now();
    lab.exec(&worker.id, &["swarmlet", "activate"])?.ok()?;
    checks.wait("ready", WORD)?;
    let ready = checks.first_after(back, "ready")?;
    eprintln!(
        "    `swarmlet activate`: 200 ready {} ms later",
        ready - back
    );
    Ok(())
}

/// Nobody hears of it.
fn restarted(lab: &Lab, manager: &Instance, worker: &Instance) -> Result<()> {
    let begun = now();
    lab.exec(&worker.id, &["systemctl", "restart", "swarmlet"])?
        .ok()?;
    let took = now() - begun;
    std::thread::sleep(Duration::from_secs(1));
    let heard = Checks::of(lab, manager, worker).between(begun, now())?;
    ensure!(heard.len() > 3, "only {} checks", heard.len());
    let other = heard.iter().find(|check| check.word != "ready");
    ensure!(other.is_none(), "in a restart of the agent: {other:?}");
    eprintln!(
        "    a restart of the agent ({took} ms): {} checks, all 200",
        heard.len()
    );
    Ok(())
}

/// It says at once that it goes, while its task runs, and stays when that has ended.
fn left(lab: &Lab, cluster: &Cluster, worker: &Instance, begun: u64) -> Result<()> {
    let manager = manager(cluster)?;
    let checks = Checks::of(lab, &manager, worker);
    checks.wait("departing", WORD)?;
    let departs = checks::departed(lab, worker)?;
    let heard = checks.first_after(begun, "departing")?;
    let late = heard.saturating_sub(departs);
    eprintln!(
        "    scale-in: the agent heard of it {} ms after the call, 503 departing {late} ms after that",
        departs - begun
    );
    ensure!(late <= 1000, "a departure is heard {late} ms later");
    // What metadata announces is looked for every 5 s, and the lab announces it within a second; the call itself takes seconds
    // where the machine is busy.
    ensure!(
        heard - begun < 15_000,
        "heard {} ms after the call",
        heard - begun
    );
    let limit = Duration::from_secs(WAIT + 30);
    let seconds = wait_until("the node has left", limit, || {
        checks::until_left(lab, worker)
    })?;
    stayed(&seconds, departs, heard)?;
    let heard = checks.between(heard, now())?;
    ensure!(
        heard.iter().all(|check| check.status != 200),
        "a check was well after the notice"
    );
    Ok(())
}

fn stayed(seconds: &[Second], departs: u64, heard: u64) -> Result<()> {
    let ran = seconds
        .iter()
        .filter(|second| second.tasks > 0)
        .map(|second| second.at)
        .max();
    let ran = ran.context("no task was seen")?;
    let last = seconds.iter().rev().find(|second| second.state == "active");
    let last = last.context("it was not in the swarm")?.at;
    let (task, node) = ((ran - departs) / 1000, last.saturating_sub(departs) / 1000);
    eprintln!(
        "    its task ran {task} s longer, its node was in the swarm {node} s longer, of a wait of {WAIT} s"
    );
    ensure!(ran > heard, "the task had ended when that was said");
    ensure!(
        node + 10 >= task + 20,
        "the node did not outstay its task by far"
    );
    ensure!((WAIT - 2..WAIT + 10).contains(&node), "it stayed {node} s");
    Ok(())
}

/// Nobody says any more how the node is.
fn ended(lab: &Lab, manager: &Instance, worker: &Instance) -> Result<()> {
    let checks = Checks::of(lab, manager, worker);
    let stopped = now();
    lab.exec(&worker.id, &["systemctl", "stop", "swarmlet"])?
        .ok()?;
    checks.wait("unknown", BELIEVED + WORD)?;
    let heard = checks.first_after(stopped, "unknown")?;
    let took = Duration::from_millis(heard - stopped);
    eprintln!(
        "    the agent stopped for good: 503 unknown {:.1} s later",
        took.as_secs_f64()
    );
    ensure!(
        took <= BELIEVED + Duration::from_secs(1),
        "believed for {took:?}"
    );
    ensure!(
        took >= Duration::from_secs(15),
        "a restart would be heard: {took:?}"
    );
    Ok(())
}
