//! Addresses for virtual machines: the VPC's DHCP, by dnsmasq in the hub. Containers have theirs before they boot.
//!
//! It runs from the first virtual machine's boot on, in a group of its own, and ends with the lab.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::cgroup::Cgroup;
use crate::net;
use crate::paths::{Paths, write_atomic};

/// When it ends although nobody asked for that, as where its port is taken: at once.
const ENDS: Duration = Duration::from_millis(100);

static SERVER: Mutex<Option<Child>> = Mutex::new(None);

/// Lets the server know a machine, and starts it if need be.
pub(crate) fn know(mac: &str, address: &str) -> Result<()> {
    let paths = Paths::from_env()?;
    let folder = paths.state.join("dhcp");
    fs::create_dir_all(hosts(&paths))
        .with_context(|| format!("cannot make {}", folder.display()))?;
    // By address: whoever has it next takes the file over. The server reads whatever comes into its folder, so the file is
    // whole before it does.
    let name = address.replace('.', "-");
    let line = format!("{mac},{address}\n");
    write_atomic(&folder.join(&name), line.as_bytes())?;
    fs::rename(folder.join(&name), hosts(&paths).join(&name))
        .with_context(|| format!("cannot tell the DHCP server of {address}"))?;
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let runs = match server.as_mut() {
        Some(child) => child.try_wait()?.is_none(),
        None => false,
    };
    if !runs {
        *server = Some(start(&paths)?);
    }
    Ok(())
}

fn hosts(paths: &Paths) -> PathBuf {
    paths.state.join("dhcp/hosts")
}

fn start(paths: &Paths) -> Result<Child> {
    let log =
        fs::File::create(paths.state.join("dhcp.log")).context("cannot write the DHCP log")?;
    let mut child = command(paths)?
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start dnsmasq")?;
    thread::sleep(ENDS);
    let ended = child.try_wait()?;
    ensure!(
        ended.is_none(),
        "cannot start dnsmasq: it ended at once, see dhcp.log"
    );
    Ok(child)
}

/// Names are not its business: the lab has no name server.
fn command(paths: &Paths) -> Result<Command> {
    let group = Cgroup::lab()?.child("dhcp");
    group.create()?;
    let mut command = group.background("nsenter");
    command
        .arg(format!("--net={}", net::path(&net::hub()).display()))
        .args([
            "--",
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
        ])
        .args(["--user=root", "--log-facility=-", "--pid-file="])
        .args(["--port=0", "--interface=br0", "--except-interface=lo"])
        .args(["--dhcp-authoritative", "--no-ping"])
        .arg("--dhcp-range=10.98.0.0,static,255.255.0.0,1h")
        .args([
            "--dhcp-option=option:router,10.98.0.1",
            "--dhcp-option=option:dns-server,10.98.0.1",
        ])
        .arg(format!("--dhcp-hostsdir={}", hosts(paths).display()))
        .arg(format!(
            "--dhcp-leasefile={}",
            paths.state.join("dhcp/leases").display()
        ));
    Ok(command)
}
