//! Running commands inside a machine.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::{cgroup, systemd_of};

const ENVIRONMENT: [&str; 4] = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "TERM=dumb",
];

/// A command in all of a machine's namespaces, ended after the limit.
pub fn enter(instance_id: &str, argv: &[&str], limit: Duration) -> Result<Command> {
    let seconds = limit.as_secs().max(1).to_string();
    joined(instance_id, &["timeout", "--kill-after=5", &seconds], argv)
}

/// The same for a person at a terminal: no limit.
pub fn interactive(instance_id: &str, argv: &[&str]) -> Result<Command> {
    joined(instance_id, &[], argv)
}

/// The command joins a group of the machine's first, so that it ends with the machine.
fn joined(instance_id: &str, wrapper: &[&str], argv: &[&str]) -> Result<Command> {
    let systemd = systemd_of(instance_id)?.to_string();
    let group = cgroup(instance_id)?.child("exec");
    group.create()?;
    let (program, options) = wrapper.split_first().unwrap_or((&"env", &[]));
    let mut command = group.command(program);
    command
        .args(options)
        .args(["nsenter", "--all", "--target", &systemd, "--", "env", "-i"])
        .args(ENVIRONMENT)
        .args(argv);
    Ok(command)
}
