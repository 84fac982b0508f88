//! Departures that are interrupted: the agent dies again and again, or the leader does.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Lab, Role, wait_until};

use super::seen::{HOOK, Watch, completed, ended, entry, formed, serve};
use crate::Case;
use crate::cases::support::docker;

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "fleet::the_agent_killed_at_every_step_of_a_departure",
        run: agent_killed,
    },
    Case {
        name: "fleet::the_leader_terminated_during_a_departure",
        run: leader_terminated,
    },
];

const KILL: [&str; 4] = ["systemctl", "kill", "--signal=KILL", "swarmlet"];
/// Prime to the five seconds between looks at the metadata: all steps are hit over the time.
const BETWEEN: Duration = Duration::from_millis(1_700);

fn agent_killed(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "killed", 1, 2)?;
    serve(lab, &cluster, 2)?;
    let id = cluster.machines_of(Role::Worker)?.remove(0).id;
    let watch = Watch::start();
    lab.terminate_member(&id, true)?;
    let mut kills = 0;
    let started = Instant::now();
    while !lab.instance(&id)?.terminated() {
        ensure!(started.elapsed() < HOOK, "it did not end in time");
        // The machine may end between the look and the call.
        if lab.exec(&id, &KILL).is_ok_and(|output| output.success()) {
            kills += 1;
        }
        thread::sleep(BETWEEN);
    }
    watch.say(&format!(
        "the node had gone, its agent killed {kills} times,"
    ));
    ensure!(kills >= 5, "it was killed {kills} times only");
    completed(lab, &id)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    cluster.delete()
}

fn leader_terminated(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "heir", 3, 2)?;
    serve(lab, &cluster, 2)?;
    let managers = cluster.machines_of(Role::Manager)?;
    let leader = managers
        .iter()
        .find(|m| leads(lab, &m.id).unwrap_or_default());
    let leader = leader.context("nobody leads")?.id.clone();
    let other = managers
        .iter()
        .find(|m| m.id != leader)
        .context("no other")?;
    let id = cluster.machines_of(Role::Worker)?.remove(0).id;
    let watch = Watch::start();
    lab.terminate_member(&id, true)?;
    wait_until("the leader knows of the departure", HOOK, || {
        let entry = entry(lab, &other.id, &id)?;
        let label = &entry["Description"]["Engine"]["Labels"]["swarmlet.departing"];
        ensure!(label.is_string(), "it says nothing of it");
        Ok(())
    })?;
    lab.terminate(&leader)?;
    watch.say("the leader was terminated");
    ended(lab, &id, HOOK)?;
    watch.say("the node had gone");
    completed(lab, &id)?;
    cluster.wait_whole(Duration::from_mins(5))?;
    watch.say("the leader was replaced, and the node list clean");
    cluster.delete()
}

fn leads(lab: &Lab, id: &str) -> Result<bool> {
    let told = docker(
        lab,
        id,
        &[
            "node",
            "inspect",
            "self",
            "--format",
            "{{.ManagerStatus.Leader}}",
        ],
    );
    match told?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => bail!("it says {other}"),
    }
}
