//! Processes that outlive the command that started them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::paths::write_atomic;

/// A process, and the moment it started: a number alone may be another's by now.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Recorded {
    pid: i32,
    started: u64,
}

impl Recorded {
    /// Remembers a process that runs now.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        start_time(pid).map(|started| Self { pid, started })
    }

    /// Reads what [`Recorded::save`] wrote; nothing there is nothing recorded.
    pub(crate) fn load(file: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
    }

    /// Writes it to a file.
    pub(crate) fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).context("cannot write down a process")?;
        write_atomic(file, &text)
    }

    /// Whether this very process still runs.
    pub(crate) fn alive(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }

    /// The file that it runs, whatever is at that file's place by now.
    pub(crate) fn program(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/exe", self.pid))
    }

    /// Ends it, if it is still the same one.
    pub(crate) fn kill(&self) {
        if self.alive() {
            let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
    }
}

/// Clock ticks from boot to the process's start; none for a process that is gone or a zombie.
fn start_time(pid: i32) -> Option<u64> {
    parse_start(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_start(stat: &str) -> Option<u64> {
    // The second field is the name in brackets, which may itself hold brackets and spaces.
    let mut fields = stat.get(stat.rfind(')')? + 2..)?.split(' ');
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_start_behind_a_name_with_brackets() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        assert_eq!(parse_start(stat), Some(98765));
    }

    #[test]
    fn a_zombie_is_gone() {
        let stat = "42 (a) Z 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        assert_eq!(parse_start(stat), None);
    }

    #[test]
    fn this_process_is_alive_and_another_start_is_not() {
        let own = Recorded::of(i32::try_from(std::process::id()).expect("a pid")).expect("running");
        assert!(own.alive());
        let other = Recorded {
            started: own.started + 1,
            ..own
        };
        assert!(!other.alive());
    }
}
