//! One machine: a container that systemd boots, on an overlay of image layers.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::cgroup::Cgroup;
use crate::image::{self, Disk};
use crate::paths::Paths;
use crate::sh::output;
use crate::{Instance, net};

mod enter;

pub use enter::{enter, interactive};

const BOOT: &str = include_str!("boot.sh");
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// What a machine is made from and where its parts are.
#[derive(Clone, Debug)]
pub struct Machine {
    id: String,
    address: String,
    mac: String,
    folder: PathBuf,
    cgroup: Cgroup,
}

/// How systemd is asked to go down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// And stay off.
    PowerOff,
    /// And come again.
    Reboot,
}

impl Machine {
    /// The machine of an instance.
    pub fn new(paths: &Paths, instance: &Instance) -> Result<Self> {
        Ok(Self {
            id: instance.id.clone(),
            address: instance.address.clone(),
            mac: instance.mac.clone(),
            folder: paths.machine(&instance.id),
            cgroup: cgroup(&instance.id)?,
        })
    }

    /// Boots it; the child ends when the machine is off.
    pub(crate) fn boot(&self, disk: &Disk) -> Result<Child> {
        self.make_folders(disk)
            .with_context(|| format!("cannot make the folders of {}", self.id))?;
        net::machine_up(&self.id, &self.address, &self.mac)?;
        self.cgroup.create()?;
        let console = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("console.log"))
            .with_context(|| format!("cannot open the console of {}", self.id))?;
        self.command(&disk.layers)
            .stdin(Stdio::null())
            .stdout(console.try_clone()?)
            .stderr(console)
            .spawn()
            .with_context(|| format!("cannot boot {}", self.id))
    }

    fn make_folders(&self, disk: &Disk) -> Result<()> {
        for part in ["upper", "work", "root"] {
            fs::create_dir_all(self.folder.join(part))?;
        }
        let docker = self.folder.join("docker");
        match &disk.docker {
            _ if docker.exists() => Ok(()),
            Some(first) => image::copy(first, &docker),
            None => Ok(fs::create_dir(&docker)?),
        }
    }

    fn command(&self, layers: &str) -> Command {
        let mut command = self.cgroup.background("unshare");
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
            .arg(&self.folder)
            .arg(net::path(&net::namespace(&self.id)))
            .arg(format!("ip-{}", self.address.replace('.', "-")));
        command
    }

    /// Asks systemd to go down and waits; after the limit the power is cut.
    pub fn shut_down(&self, child: &mut Child, how: Shutdown, limit: Duration) -> Result<()> {
        let started = Instant::now();
        let mut asked: Option<Instant> = None;
        while started.elapsed() < limit && child.try_wait()?.is_none() {
            // More than once: while it boots, systemd does not hear it yet.
            if asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN) {
                let Some(systemd) = find_systemd(&self.cgroup) else {
                    break;
                };
                ask(systemd, how)?;
                asked = Some(Instant::now());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.cut_power(child)
    }

    /// Ends all of its processes at once.
    pub fn cut_power(&self, child: &mut Child) -> Result<()> {
        self.cgroup.kill()?;
        child
            .wait()
            .with_context(|| format!("cannot wait for {}", self.id))?;
        self.cgroup.remove();
        Ok(())
    }

    /// Removes all that is left of a machine that is off, but for its console.
    pub fn destroy(&self) -> Result<()> {
        self.cgroup.kill()?;
        self.cgroup.remove();
        net::machine_down(&self.id)?;
        for part in ["upper", "work", "root", "docker"] {
            let _ = fs::remove_dir_all(self.folder.join(part));
        }
        Ok(())
    }
}

/// By the signals that systemd has for it.
fn ask(systemd: i32, how: Shutdown) -> Result<()> {
    let signal = match how {
        Shutdown::PowerOff => "RTMIN+4",
        Shutdown::Reboot => "RTMIN+5",
    };
    output(Command::new("kill").args(["-s", signal, &systemd.to_string()])).map(drop)
}

/// The control group of an instance's machine.
pub fn cgroup(instance_id: &str) -> Result<Cgroup> {
    Ok(Cgroup::lab()?.child(net::short(instance_id)))
}

/// The process id, on the host, of a machine's systemd.
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
