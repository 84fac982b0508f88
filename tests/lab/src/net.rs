//! The lab's network: a hub namespace with the bridge, and one namespace per machine.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::name::name;
use crate::sh::{ip, output};

const NAMESPACES: &str = "/run/netns";

/// The namespace of the bridge, the control plane and the metadata service.
pub(crate) fn hub() -> String {
    format!("{}-hub", name())
}

/// Where a namespace can be entered.
pub(crate) fn path(namespace: &str) -> PathBuf {
    PathBuf::from(NAMESPACES).join(namespace)
}

/// The eight hex digits that name everything of one machine.
pub(crate) fn short(instance_id: &str) -> &str {
    let digits = instance_id.trim_start_matches("i-");
    digits.get(..8).unwrap_or(digits)
}

/// A machine's namespace.
pub(crate) fn namespace(instance_id: &str) -> String {
    format!("{}-{}", name(), short(instance_id))
}

/// Makes the hub: the router of the VPC, which is also the metadata address.
pub(crate) fn hub_up() -> Result<()> {
    let hub = hub();
    ip(&format!("netns add {hub}"))?;
    for command in [
        "link set lo up",
        // Without an address of its own the bridge takes the lowest of its ports' and changes it as
        // machines come and go: for half a minute the others would not reach their router.
        "link add br0 address 02:98:ff:00:00:01 type bridge",
        "addr add 10.98.0.1/16 dev br0",
        "addr add 169.254.169.254/32 dev br0",
        "link set br0 up",
    ] {
        ip(&format!("-n {hub} {command}"))?;
    }
    Ok(())
}

/// Makes a machine's namespace with its interface at the hub's bridge.
pub(crate) fn machine_up(instance_id: &str, address: &str, mac: &str) -> Result<()> {
    let (hub, namespace, port) = (hub(), namespace(instance_id), port(instance_id));
    if path(&namespace).exists() {
        return Ok(());
    }
    ip(&format!("netns add {namespace}"))?;
    ip(&format!(
        "-n {hub} link add {port} type veth peer name eth0 address {mac} netns {namespace}"
    ))?;
    ip(&format!("-n {hub} link set {port} master br0 up"))?;
    for command in [
        "link set lo up",
        &format!("addr add {address}/16 dev eth0"),
        "link set eth0 up",
        "route add default via 10.98.0.1",
    ] {
        ip(&format!("-n {namespace} {command}"))?;
    }
    Ok(())
}

/// Makes the interface of a virtual machine, at the hub's bridge and with nobody at its other end yet.
pub(crate) fn tap_up(instance_id: &str) -> Result<String> {
    let (hub, port) = (hub(), port(instance_id));
    if ip(&format!("-n {hub} link show {port}")).is_err() {
        ip(&format!("-n {hub} tuntap add {port} mode tap"))?;
        ip(&format!("-n {hub} link set {port} master br0 up"))?;
    }
    Ok(port)
}

/// Plugs a machine's cable in or out, at the bridge's end.
pub(crate) fn set_link(instance_id: &str, up: bool) -> Result<()> {
    let state = if up { "up" } else { "down" };
    ip(&format!(
        "-n {} link set {} {state}",
        hub(),
        port(instance_id)
    ))
}

/// Removes a machine's namespace, and its interface with it; of a virtual machine there is only the interface.
pub(crate) fn machine_down(instance_id: &str) -> Result<()> {
    remove(&namespace(instance_id))?;
    // A container's has gone with the namespace.
    let _ = ip(&format!("-n {} link delete {}", hub(), port(instance_id)));
    Ok(())
}

/// Removes every namespace that a lab on this machine has made.
pub(crate) fn remove_all() -> Result<()> {
    let prefix = format!("{}-", name());
    let Ok(entries) = fs::read_dir(NAMESPACES) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let entry_name = entry.file_name().to_string_lossy().into_owned();
        if entry_name.starts_with(&prefix) {
            remove(&entry_name)?;
        }
    }
    Ok(())
}

/// A command that runs in the hub's network.
pub(crate) fn in_hub(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net={}", path(&hub()).display()))
        .arg("--")
        .arg(program);
    command
}

fn remove(namespace: &str) -> Result<()> {
    if path(namespace).exists() {
        output(Command::new("ip").args(["netns", "delete", namespace]))?;
    }
    Ok(())
}

fn port(instance_id: &str) -> String {
    format!("v{}", short(instance_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_by_eight_digits() {
        assert_eq!(short("i-0123456789abcdef0"), "01234567");
        assert_eq!(
            namespace("i-0123456789abcdef0"),
            format!("{}-01234567", name())
        );
        // Linux takes no interface name above 15 characters.
        assert!(port("i-0123456789abcdef0").len() < 16);
    }

    #[test]
    fn a_short_id_stays_whole() {
        assert_eq!(short("i-12"), "12");
    }
}
