//! What several cases need.

use std::time::Duration;

use anyhow::{Result, bail};
use lab::{Lab, wait_until};

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
