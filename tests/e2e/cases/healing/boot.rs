//! The agent killed at every step of a boot: always one swarm.

use std::process::Child;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Instance, Lab, wait_until};

use super::seen::{Fault, epochs, one_swarm, ticket_is};
use crate::Case;
use crate::cases::support::unique;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::the_agent_killed_at_every_step_of_a_boot",
    run: sweep,
}];

/// Each start of the agent lives this much longer than the one before.
const STEP_MS: usize = 150;
/// So many kills on each of six machines.
const KILLS: usize = 4;

/// Kills the agent a while after each of its starts: the arguments are the whiles.
const REAPER: &str = r#"
last=0
for pause in "$@"; do
  until pid=$(systemctl show --value --property MainPID swarmlet) && [ "${pid:-0}" -ne 0 ] && [ "$pid" != "$last" ]; do
    sleep 0.01
  done
  sleep "$pause"
  kill -KILL "$pid" && echo "killed after $pause s"
  last=$pid
done
"#;

/// Machine m is killed at (m + 6 n) steps after the start n: all from 0 to 3.5 s, once each.
fn sweep(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("killed"), 3, 3))?;
    let fault = Fault::now();
    let machines = cluster.machines()?;
    let reapers = machines.iter().enumerate();
    let reapers: Vec<Child> = reapers
        .map(|(index, machine)| reaper(lab, machine, index, machines.len()))
        .collect::<Result<_>>()?;
    for (reaper, machine) in reapers.into_iter().zip(&machines) {
        let done = reaper.wait_with_output()?;
        let said = String::from_utf8_lossy(&done.stdout);
        let kills = said.lines().count();
        eprintln!("    {}: {kills} kills", machine.id);
        ensure!(kills == KILLS, "{}: only {said:?}", machine.id);
    }
    eprintln!("    the last agent was killed after {:.1} s", fault.age());
    let last = Fault::now();
    cluster.wait_whole(Duration::from_mins(3))?;
    last.healed("the agent killed during boots", &(0..=90))?;
    let swarm = one_swarm(lab, &cluster)?;
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    ticket_is(lab, &cluster, 1, &swarm)?;
    cluster.delete()
}

fn reaper(lab: &Lab, machine: &Instance, index: usize, machines: usize) -> Result<Child> {
    let pauses = (0..KILLS).map(|start| {
        let ms = (index + machines * start) * STEP_MS;
        format!("{}.{:03}", ms / 1000, ms % 1000)
    });
    let pauses: Vec<String> = pauses.collect();
    let mut argv = vec!["sh", "-c", REAPER, "reaper"];
    argv.extend(pauses.iter().map(String::as_str));
    wait_until("systemd is there", Duration::from_secs(30), || {
        lab.spawn(&machine.id, &argv).context("not on yet")
    })
}
