//! One machine, of whichever kind: how it boots, goes down and is removed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::cgroup::Cgroup;
use crate::image::Disk;
use crate::paths::Paths;
use crate::{Instance, net};

mod container;
mod enter;
mod guest;
mod qmp;
mod vm;

pub use container::systemd_of;
pub use enter::{enter, interactive};
pub use guest::run as run_in_guest;

const ASK_AGAIN: Duration = Duration::from_secs(3);
/// What is left of a machine that is gone.
const CONSOLE: &str = "console.log";

/// What a machine is made from and where its parts are.
#[derive(Clone, Debug)]
pub struct Machine {
    id: String,
    address: String,
    mac: String,
    folder: PathBuf,
    cgroup: Cgroup,
    disk: Disk,
    /// How far its clock is ahead, in seconds, where it has one of its own.
    clock: i64,
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
    pub(crate) fn new(paths: &Paths, instance: &Instance, disk: Disk) -> Result<Self> {
        Ok(Self {
            id: instance.id.clone(),
            address: instance.address.clone(),
            mac: instance.mac.clone(),
            folder: paths.machine(&instance.id),
            cgroup: cgroup(&instance.id)?,
            disk,
            clock: instance.clock_ahead()?,
        })
    }

    /// Boots it; the child ends when the machine is off.
    pub(crate) fn boot(&self) -> Result<Child> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot make the folder of {}", self.id))?;
        let console = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(CONSOLE))
            .with_context(|| format!("cannot open the console of {}", self.id))?;
        let mut command = match &self.disk {
            Disk::Layers(layers) => container::prepare(self, layers)?,
            Disk::Volume(volume) => vm::prepare(self, volume)?,
        };
        command
            .stdin(Stdio::null())
            .stdout(console.try_clone()?)
            .stderr(console)
            .spawn()
            .with_context(|| format!("cannot boot {}", self.id))
    }

    /// As EC2 names it.
    fn hostname(&self) -> String {
        format!("ip-{}", self.address.replace('.', "-"))
    }

    /// Asks systemd to go down and waits; after the limit the power is cut.
    pub fn shut_down(&self, child: &mut Child, how: Shutdown, limit: Duration) -> Result<()> {
        let started = Instant::now();
        let mut asked: Option<Instant> = None;
        while started.elapsed() < limit && child.try_wait()?.is_none() {
            // More than once: while it boots, systemd does not hear it yet.
            if asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN) {
                if !self.ask(how)? {
                    break;
                }
                asked = Some(Instant::now());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.cut_power(child)
    }

    /// Whether there was somebody to ask. A virtual machine that shall boot again goes off too, and is booted: what EC2 does
    /// is the same, from inside.
    fn ask(&self, how: Shutdown) -> Result<bool> {
        match &self.disk {
            Disk::Layers(_) => container::ask(self, how),
            Disk::Volume(_) => Ok(vm::ask(self)),
        }
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
        for part in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if part.file_name() != CONSOLE {
                // Whatever cannot be deleted now goes with the lab.
                let _ = fs::remove_dir_all(part.path()).or_else(|_| fs::remove_file(part.path()));
            }
        }
        Ok(())
    }
}

/// The control group of an instance's machine.
pub fn cgroup(instance_id: &str) -> Result<Cgroup> {
    Ok(Cgroup::lab()?.child(net::short(instance_id)))
}

/// Whether an instance's machine is on, of whichever kind.
pub fn is_on(instance_id: &str) -> bool {
    cgroup(instance_id).is_ok_and(|group| vm::group(&group).populated())
        || systemd_of(instance_id).is_ok()
}

/// Whether an instance's machine is a virtual one; one that was never on is none.
pub(crate) fn is_virtual(paths: &Paths, instance_id: &str) -> bool {
    paths.machine(instance_id).join(vm::DISK).exists()
}

/// The same, as an error for who needs it on.
pub(crate) fn must_be_on(instance_id: &str) -> Result<()> {
    ensure!(is_on(instance_id), "{instance_id} is not on");
    Ok(())
}
