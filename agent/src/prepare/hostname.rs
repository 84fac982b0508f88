//! The host's name: it is the node's name in the swarm.
//!
//! Set through files alone: early in boot there may be no bus to ask for it.

use std::fs;
use std::path::Path;

use super::PrepareError;
use crate::command::{Command, Runner};
use crate::config::Settings;
use crate::file;
use crate::node::Node;

/// The longest name a host may have.
const LONGEST: usize = 63;
/// How much of an instance id tells nodes apart at a glance.
const SHORT_ID: usize = 8;
/// Marks our line in `/etc/hosts`.
const MARK: &str = "# swarmlet";

/// Gives the host its name; whether that changed it.
pub(super) async fn settle(
    node: &Node,
    settings: &Settings,
    runner: &impl Runner,
) -> Result<bool, PrepareError> {
    let name = name_of(node);
    put(&settings.host_path("/etc/hostname"), |_| {
        Some(format!("{name}\n"))
    })?;
    put(&settings.host_path("/etc/hosts"), |hosts| {
        hosts_with(hosts, &name)
    })?;
    let kernel = settings.host_path("/proc/sys/kernel/hostname");
    let current = fs::read_to_string(&kernel).unwrap_or_default();
    if current.trim() == name {
        return Ok(false);
    }
    tracing::info!(name, "setting the host name");
    if fs::write(&kernel, &name).is_err() {
        // Where the kernel's settings are read-only, the system call may still be allowed.
        let output = runner.run(&Command::new(["hostname", &name])).await?;
        if !output.is_success() {
            return Err(PrepareError::file(
                "set the host name in",
                &kernel,
                &output.complaint(),
            ));
        }
    }
    Ok(true)
}

/// Replaces a file if `change` gives it other content.
fn put(path: &Path, change: impl Fn(&str) -> Option<String>) -> Result<(), PrepareError> {
    let current = fs::read_to_string(path).unwrap_or_default();
    match change(&current).filter(|wanted| *wanted != current) {
        None => Ok(()),
        Some(wanted) => file::replace(path, wanted.as_bytes(), 0o644)
            .map_err(|error| PrepareError::file("write", path, &error)),
    }
}

/// The `Name` tag as a host name, else `<cluster>-<role>-<short instance id>`.
fn name_of(node: &Node) -> String {
    let named = node
        .name
        .as_deref()
        .map(label)
        .filter(|name| !name.is_empty());
    named.unwrap_or_else(|| {
        let id = node.instance_id.trim_start_matches("i-");
        let end = format!("-{}-{}", node.role, &id[..id.len().min(SHORT_ID)]);
        let mut cluster = label(node.cluster.as_str());
        cluster.truncate(LONGEST - end.len());
        format!("{}{end}", cluster.trim_end_matches('-'))
    })
}

/// A text as one label of a host name (RFC 1123): letters, digits, and hyphens inside.
fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => label.push(c),
            _ if !label.is_empty() && !label.ends_with('-') => label.push('-'),
            _ => {}
        }
    }
    label.truncate(LONGEST);
    label.trim_end_matches('-').to_owned()
}

/// `/etc/hosts` with a line for the name; nothing if it has one that is not ours.
fn hosts_with(hosts: &str, name: &str) -> Option<String> {
    let is_ours = |line: &&str| line.ends_with(MARK);
    let names = |line: &str| {
        let entry = line.split('#').next().unwrap_or_default();
        entry.split_whitespace().skip(1).any(|word| word == name)
    };
    if hosts.lines().filter(|line| !is_ours(line)).any(names) {
        return None;
    }
    let mut kept: Vec<&str> = hosts.lines().filter(|line| !is_ours(line)).collect();
    let ours = format!("127.0.1.1 {name} {MARK}");
    kept.push(&ours);
    Some(kept.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::Role;

    fn node(name: Option<&str>, cluster: &str, role: Role) -> Node {
        let node = super::super::tests::node("i-0a1b2c3d4e5f60718");
        let cluster = cluster.parse().expect("a cluster");
        Node {
            name: name.map(str::to_owned),
            cluster,
            role,
            ..node
        }
    }

    #[test]
    fn names_are_host_names() {
        let long = "a-very-long-cluster-name_that-nobody-would-type-twice"[..48].to_owned();
        for (name, cluster, expected) in [
            (Some("web-1"), "demo", "web-1"),
            (Some("Web Server #1 (blue)"), "demo", "web-server-1-blue"),
            (Some("db.example.com"), "demo", "db-example-com"),
            (Some("--x--"), "demo", "x"),
            (Some("___"), "demo", "demo-manager-0a1b2c3d"),
            (Some("Grün"), "demo", "gr-n"),
            (None, "Demo_2", "demo-2-manager-0a1b2c3d"),
            (
                None,
                &long,
                "a-very-long-cluster-name-that-nobody-would-typ-manager-0a1b2c3d",
            ),
        ] {
            let name = name_of(&node(name, cluster, Role::Manager));
            assert_eq!(name, expected);
            assert!(name.len() <= LONGEST, "{name}");
        }
        assert_eq!(
            name_of(&node(None, "demo", Role::Worker)),
            "demo-worker-0a1b2c3d"
        );
        assert_eq!(
            name_of(&node(Some(&"x".repeat(80)), "demo", Role::Worker)).len(),
            LONGEST
        );
    }

    #[test]
    fn the_name_stays_resolvable() {
        let ours = "127.0.1.1 web-1 # swarmlet\n";
        for (before, after) in [
            ("", Some(ours.to_owned())),
            (
                "127.0.0.1 localhost\n",
                Some(format!("127.0.0.1 localhost\n{ours}")),
            ),
            (
                "127.0.0.1 localhost",
                Some(format!("127.0.0.1 localhost\n{ours}")),
            ),
            (
                "127.0.1.1 old # swarmlet\n10.0.0.1 db\n",
                Some(format!("10.0.0.1 db\n{ours}")),
            ),
            ("10.0.0.7 web-1.local web-1 # by hand\n", None),
            (
                "# 10.0.0.7 web-1\n",
                Some(format!("# 10.0.0.7 web-1\n{ours}")),
            ),
            (
                "10.0.0.7 web-10\n",
                Some(format!("10.0.0.7 web-10\n{ours}")),
            ),
        ] {
            assert_eq!(hosts_with(before, "web-1"), after, "{before:?}");
        }
        assert_eq!(
            hosts_with(ours, "web-1").as_deref(),
            Some(ours),
            "nothing to change the second time"
        );
    }
}
