//! Ending the lab, whatever state it is in.

use std::fs;

use anyhow::{Context as _, Result};

use crate::cgroup::Cgroup;
use crate::paths::Paths;
use crate::{net, sysctl, up};

/// Ends the lab and leaves nothing but the cache.
pub fn down(paths: &Paths) -> Result<()> {
    let _lock = up::lock(paths)?;
    clear(paths)
}

/// The same, for one who holds the lock. Everything is found by name or place, so it does not
/// matter how far `up` had come or what crashed. The mounts go with their namespaces.
pub(crate) fn clear(paths: &Paths) -> Result<()> {
    up::end_background(paths);
    if let Ok(lab) = Cgroup::lab() {
        lab.kill()?;
        lab.remove();
    }
    net::remove_all()?;
    sysctl::restore()?;
    if paths.state.exists() {
        fs::remove_dir_all(&paths.state)
            .with_context(|| format!("cannot delete {}", paths.state.display()))?;
    }
    Ok(())
}
