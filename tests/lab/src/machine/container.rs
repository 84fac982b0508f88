//! The first kind of machine: a container that systemd boots, on an overlay of image layers.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow};

use super::{Machine, Shutdown, cgroup};
use crate::cgroup::Cgroup;
use crate::image::{self, Layers};
use crate::net;
use crate::sh::output;

const BOOT: &str = include_str!("container.sh");

/// What is there before it boots, and the command that boots it.
pub(super) fn prepare(machine: &Machine, disk: &Layers) -> Result<Command> {
    make_folders(machine, disk)
        .with_context(|| format!("cannot make the folders of {}", machine.id))?;
    net::machine_up(&machine.id, &machine.address, &machine.mac)?;
    machine.cgroup.create()?;
    Ok(command(machine, &disk.layers))
}

fn make_folders(machine: &Machine, disk: &Layers) -> Result<()> {
    for part in ["upper", "work", "root"] {
        fs::create_dir_all(machine.folder.join(part))?;
    }
    let docker = machine.folder.join("docker");
    match &disk.docker {
        _ if docker.exists() => Ok(()),
        Some(first) => image::copy(first, &docker),
        None => Ok(fs::create_dir(&docker)?),
    }
}

fn command(machine: &Machine, layers: &str) -> Command {
    let mut command = machine.cgroup.background("unshare");
    command
        .args([
            "--mount",
            "--propagation",
            "slave",
            "--",
            "sh",
            "-c",
            BOOT,
            "boot",
        ])
        .arg(layers)
        .arg(&machine.folder)
        .arg(net::path(&net::namespace(&machine.id)))
        .arg(machine.hostname());
    command
}

/// Asks systemd to go down, by the signals that it has for it; false where there is none any more.
pub(super) fn ask(machine: &Machine, how: Shutdown) -> Result<bool> {
    let Some(systemd) = find_systemd(&machine.cgroup) else {
        return Ok(false);
    };
    let signal = match how {
        Shutdown::PowerOff => "RTMIN+4",
        Shutdown::Reboot => "RTMIN+5",
    };
    output(Command::new("kill").args(["-s", signal, &systemd.to_string()]))?;
    Ok(true)
}

/// The process id, on the host, of a container machine's systemd.
pub fn systemd_of(instance_id: &str) -> Result<i32> {
    find_systemd(&cgroup(instance_id)?).ok_or_else(|| anyhow!("{instance_id} is not on"))
}

fn find_systemd(machine: &Cgroup) -> Option<i32> {
    // systemd starts in nspawn's payload group and moves itself into init.scope.
    let payload = machine.child("payload");
    [payload.child("init.scope"), payload]
        .iter()
        .flat_map(Cgroup::processes)
        .find(|&pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            is_first(&status)
        })
}

/// Whether a process is number one in the innermost process namespace it is in.
fn is_first(status: &str) -> bool {
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let mut numbers = numbers.unwrap_or_default().split_whitespace();
    numbers.next().is_some() && numbers.next_back() == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_process_is_told_by_its_innermost_number() {
        assert!(is_first("Name:\tsystemd\nNSpid:\t5120\t1\n"));
        assert!(!is_first("Name:\tdockerd\nNSpid:\t5301\t88\n"));
        // The host's own first process is in one namespace only.
        assert!(!is_first("Name:\tinit\nNSpid:\t1\n"));
    }
}
