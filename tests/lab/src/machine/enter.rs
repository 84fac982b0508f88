//! Running commands inside a machine, of whichever kind.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{cgroup, is_virtual, must_be_on, systemd_of};
use crate::cgroup::Cgroup;
use crate::paths::Paths;
use crate::up;

const ENVIRONMENT: [&str; 4] = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "TERM=dumb",
];

/// What a machine gets to tell a command's end, over what the command gets.
const UNANSWERED: Duration = Duration::from_secs(30);

/// A command in all of a machine's namespaces, ended after the limit.
pub fn enter(paths: &Paths, instance_id: &str, argv: &[&str], limit: Duration) -> Result<Command> {
    let seconds = limit.as_secs().max(1).to_string();
    let wrapper = ["timeout", "--kill-after=5", &seconds];
    if is_virtual(paths, instance_id) {
        return in_guest(paths, instance_id, Some(limit), &wrapper, argv);
    }
    joined(instance_id, &wrapper, argv)
}

/// The same for a person at a terminal: no limit.
pub fn interactive(paths: &Paths, instance_id: &str, argv: &[&str]) -> Result<Command> {
    if is_virtual(paths, instance_id) {
        return in_guest(paths, instance_id, None, &[], argv);
    }
    joined(instance_id, &[], argv)
}

/// The command joins a group of the machine's first, so that it ends with the machine.
fn joined(instance_id: &str, wrapper: &[&str], argv: &[&str]) -> Result<Command> {
    let systemd = systemd_of(instance_id)?.to_string();
    let group = group(instance_id)?;
    let (program, options) = wrapper.split_first().unwrap_or((&"env", &[]));
    let mut command = group.command(program);
    command
        .args(options)
        .args(["nsenter", "--all", "--target", &systemd, "--", "env", "-i"])
        .args(ENVIRONMENT)
        .args(argv);
    Ok(command)
}

/// By the lab command that runs as the hypervisor: tests have no such command of their own. The limit counts inside, so
/// that a command's end is told by who started it; and outside a while later, for a kernel that starts again ends its
/// commands without a word.
fn in_guest(
    paths: &Paths,
    instance_id: &str,
    limit: Option<Duration>,
    wrapper: &[&str],
    argv: &[&str],
) -> Result<Command> {
    must_be_on(instance_id)?;
    let lab = up::hypervisor(paths).context("the hypervisor does not run")?;
    let group = group(instance_id)?;
    let mut command = match limit {
        Some(limit) => {
            let mut command = group.command("timeout");
            command
                .arg((limit + UNANSWERED).as_secs().to_string())
                .arg(lab);
            command
        }
        None => group.command(lab),
    };
    command
        .args(["guest", "--"])
        .arg(paths.machine(instance_id))
        .args(wrapper)
        .args(["env", "-i"])
        .args(ENVIRONMENT)
        .args(argv);
    Ok(command)
}

fn group(instance_id: &str) -> Result<Cgroup> {
    let group = cgroup(instance_id)?.child("exec");
    group.create()?;
    Ok(group)
}
