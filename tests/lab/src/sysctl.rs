//! The one setting of the host that the lab changes.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::name;
use crate::paths::write_atomic;

const INOTIFY: &str = "/proc/sys/fs/inotify/max_user_instances";
/// Holds the value from before, until the last lab on the host is gone.
const RECORD: &str = "/run/swarmlet-lab-inotify-instances";
/// systemd needs a dozen in each machine; the default of 128 is used up by eight of them.
const WANTED: u32 = 8192;

/// Raises the limit, after writing down the old value.
pub(crate) fn raise() -> Result<()> {
    let before = fs::read_to_string(INOTIFY).with_context(|| format!("cannot read {INOTIFY}"))?;
    if before
        .trim()
        .parse::<u32>()
        .is_ok_and(|value| value >= WANTED)
    {
        return Ok(());
    }
    write_atomic(Path::new(RECORD), before.trim().as_bytes())?;
    fs::write(INOTIFY, WANTED.to_string()).with_context(|| format!("cannot raise {INOTIFY}"))
}

/// Puts back what [`raise`] found, unless another lab still needs it.
pub(crate) fn restore() -> Result<()> {
    let Ok(before) = fs::read_to_string(RECORD) else {
        return Ok(());
    };
    if name::others() {
        return Ok(());
    }
    fs::write(INOTIFY, before).with_context(|| format!("cannot restore {INOTIFY}"))?;
    fs::remove_file(RECORD).with_context(|| format!("cannot delete {RECORD}"))
}
