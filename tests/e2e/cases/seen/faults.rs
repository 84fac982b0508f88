//! A node of a standing cluster that something is wrong with: the right line of both, and well again
//! when the fault is gone.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Lab, Role, wait_until};

use super::{doctor_says, said, status, status_says};
use crate::Case;
use crate::cases::support::shared;

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "seen::agent_down",
        run: |lab| {
            with(
                lab,
                &["systemctl stop swarmlet"],
                "systemctl start swarmlet",
                agent_down,
            )
        },
    },
    Case {
        name: "seen::engine_down",
        run: |lab| {
            let stop = ["systemctl stop docker.socket docker.service"];
            with(
                lab,
                &stop,
                "systemctl start docker.socket docker.service",
                engine_down,
            )
        },
    },
    Case {
        name: "seen::engine_hangs",
        run: |lab| {
            with(
                lab,
                &["pkill -STOP -x dockerd"],
                "pkill -CONT -x dockerd",
                engine_hangs,
            )
        },
    },
    Case {
        name: "seen::port_blocked",
        run: port_blocked,
    },
    Case {
        name: "seen::disk_full",
        run: |lab| with(lab, FULL, EMPTY, disk_full),
    },
];

/// A small file system without room, in the place of the state folder, and an agent that has to write.
const FULL: &[&str] = &[
    "systemctl stop swarmlet",
    "mount -t tmpfs -o size=64k,mode=0700 tmpfs /var/lib/swarmlet",
    "cat /dev/zero >/var/lib/swarmlet/ballast 2>/dev/null || true",
    "systemctl start --no-block swarmlet",
];
const EMPTY: &str =
    "systemctl stop swarmlet; umount /var/lib/swarmlet; systemctl start --no-block swarmlet";

/// Plants a fault on a worker of the shared cluster, looks, takes it away, and sees the node well.
fn with(lab: &Lab, plant: &[&str], remove: &str, look: fn(&Lab, &str) -> Result<()>) -> Result<()> {
    let id = shared(lab)?.machines_of(Role::Worker)?.remove(1).id;
    for step in plant {
        lab.exec(&id, &["sh", "-c", step])?.ok()?;
    }
    let looked = look(lab, &id);
    lab.exec(&id, &["sh", "-c", remove])?.ok()?;
    looked?;
    wait_until(
        &format!("{id} is well again"),
        Duration::from_secs(40),
        || {
            let output = said(lab, &id, &["swarmlet", "status"])?;
            ensure!(output.success(), "{}", output.stdout);
            Ok(())
        },
    )
}

fn agent_down(lab: &Lab, id: &str) -> Result<()> {
    status_says(lab, id, "agent", "does not run")?;
    let told = status(lab, id)?;
    ensure!(
        told["agent"]["running"] == false && told["engine"]["answers"] == true,
        "{told:#}"
    );
    Ok(())
}

fn engine_down(lab: &Lab, id: &str) -> Result<()> {
    status_says(lab, id, "engine", "cannot reach the Docker Engine")?;
    doctor_says(
        lab,
        id,
        "engine",
        "cannot reach the Docker Engine",
        "systemctl start docker",
    )?;
    let told = status(lab, id)?;
    ensure!(
        told["agent"]["running"] == true && told["engine"]["answers"] == false,
        "{told:#}"
    );
    Ok(())
}

fn engine_hangs(lab: &Lab, id: &str) -> Result<()> {
    let asked = Instant::now();
    status_says(lab, id, "engine", "gave no answer in 1 s")?;
    ensure!(
        asked.elapsed() < Duration::from_secs(4),
        "it took {:?}",
        asked.elapsed()
    );
    doctor_says(
        lab,
        id,
        "engine",
        "gave no answer",
        "systemctl restart docker",
    )
}

/// The manager's port of joining and raft; gossip goes on.
fn port_blocked(lab: &Lab) -> Result<()> {
    let block =
        "iptables -I OUTPUT -p tcp --dport 2377 -j DROP; systemctl restart --no-block swarmlet";
    with(
        lab,
        &[block],
        "iptables -D OUTPUT -p tcp --dport 2377 -j DROP",
        |lab, id| {
            doctor_says(lab, id, "ports", "no answer: blocked", "2377/tcp")?;
            wait_until(
                "the status tells of silent managers",
                Duration::from_secs(40),
                || {
                    let told = status(lab, id)?;
                    ensure!(told["reason"] == "managers-silent", "{told:#}");
                    Ok(())
                },
            )
        },
    )
}

fn disk_full(lab: &Lab, id: &str) -> Result<()> {
    doctor_says(lab, id, "disk", "No space left on device", "free some")?;
    wait_until(
        "the status tells of the disk",
        Duration::from_secs(40),
        || {
            let output = said(lab, id, &["swarmlet", "status"])?;
            ensure!(
                output.stdout.contains("No space left on device"),
                "{}",
                output.stdout
            );
            Ok(())
        },
    )
}
