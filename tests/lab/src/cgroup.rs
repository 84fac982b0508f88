//! The lab's control groups: they hold each machine's processes together, and end them.
//!
//! Without one of its own, a machine's systemd sees the processes of the others and ends them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context as _, Result, anyhow, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::name;

const KILL_LIMIT: Duration = Duration::from_secs(10);

/// A control group of the second version.
#[derive(Clone, Debug)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// The group above all of the lab's.
    pub fn lab() -> Result<Self> {
        let mounts =
            fs::read_to_string("/proc/self/mountinfo").context("cannot read the list of mounts")?;
        let root = cgroup2_mount(&mounts)
            .ok_or_else(|| anyhow!("cannot find a cgroup2 mount: the lab needs one"))?;
        Ok(Self {
            path: root.join(name::group()),
        })
    }

    /// A group below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self {
            path: self.path.join(name),
        }
    }

    /// Where it is in the file system.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder if it is missing.
    pub fn create(&self) -> Result<()> {
        fs::create_dir_all(&self.path)
            .with_context(|| format!("cannot make the cgroup {}", self.path.display()))
    }

    /// A command that joins this group before it becomes the given program.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"echo $$ >"$1" && shift && exec "$@""#, "sh"])
            .arg(self.path.join("cgroup.procs"))
            .arg(program);
        command
    }

    /// The same in a session of its own, so that a Ctrl-C at the terminal passes it by.
    pub(crate) fn background(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.command("setsid");
        command.arg("--").arg(program);
        command
    }

    /// Process ids directly in this group.
    pub fn processes(&self) -> Vec<i32> {
        let listed = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
        listed
            .lines()
            .filter_map(|line| line.parse().ok())
            .collect()
    }

    /// Whether a process is left here or below.
    pub fn populated(&self) -> bool {
        fs::read_to_string(self.path.join("cgroup.events"))
            .is_ok_and(|events| events.lines().any(|line| line == "populated 1"))
    }

    /// Ends every process here and below, and waits until they are gone.
    ///
    /// One by one, not by `cgroup.kill`: kernels from 6.14 remember that a group was killed, and
    /// end whatever a later systemd clones into it or below.
    pub(crate) fn kill(&self) -> Result<()> {
        let started = Instant::now();
        while self.populated() {
            if started.elapsed() > KILL_LIMIT {
                bail!(
                    "cannot end the processes of {}: still there",
                    self.path.display()
                );
            }
            for pid in self.processes_below() {
                // One that ended meanwhile is what was wanted.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn processes_below(&self) -> Vec<i32> {
        let below = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let groups = below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut found = self.processes();
        for group in groups {
            found.extend(Self { path: group.path() }.processes_below());
        }
        found
    }

    /// Removes the empty group, what is below it, and nspawn's copy in a named v1 hierarchy.
    pub fn remove(&self) {
        remove_tree(&self.path);
        let path = self.path.to_string_lossy();
        if let Some(at) = path.find(&name::group()) {
            remove_tree(&Path::new("/sys/fs/cgroup/systemd").join(&path[at..]));
        }
    }
}

fn remove_tree(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    // A folder that still has a process stays; the caller has killed before.
    let _ = fs::remove_dir(folder);
}

fn cgroup2_mount(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (fields, kind) = line.split_once(" - ")?;
        if kind.split(' ').next()? != "cgroup2" {
            return None;
        }
        fields.split(' ').nth(4).map(PathBuf::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_cgroup2_beside_the_first_version() {
        let mounts = "30 25 0:26 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
                      31 25 0:27 / /sys/fs/cgroup/unified rw,relatime shared:5 - cgroup2 cgroup2 rw\n";
        assert_eq!(
            cgroup2_mount(mounts),
            Some(PathBuf::from("/sys/fs/cgroup/unified"))
        );
    }

    #[test]
    fn finds_nothing_where_there_is_none() {
        assert_eq!(cgroup2_mount("1 0 0:1 / / rw - ext4 /dev/vda rw\n"), None);
    }
}
