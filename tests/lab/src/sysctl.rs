//! The one setting of the host that the lab changes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::paths::write_atomic;

const INOTIFY: &str = "/proc/sys/fs/inotify/max_user_instances";
/// systemd needs a dozen in each machine; the default of 128 is used up by eight of them.
const WANTED: u32 = 8192;

/// Raises the limit, after writing the old value into the state folder.
pub(crate) fn raise(state: &Path) -> Result<()> {
    let before = fs::read_to_string(INOTIFY).with_context(|| format!("cannot read {INOTIFY}"))?;
    if before
        .trim()
        .parse::<u32>()
        .is_ok_and(|value| value >= WANTED)
    {
        return Ok(());
    }
    write_atomic(&record(state), before.trim().as_bytes())?;
    fs::write(INOTIFY, WANTED.to_string()).with_context(|| format!("cannot raise {INOTIFY}"))
}

/// Puts back what [`raise`] found.
pub(crate) fn restore(state: &Path) -> Result<()> {
    match fs::read_to_string(record(state)) {
        Ok(before) => {
            fs::write(INOTIFY, before).with_context(|| format!("cannot restore {INOTIFY}"))
        }
        Err(_) => Ok(()),
    }
}

fn record(state: &Path) -> PathBuf {
    state.join("inotify-instances-before")
}
