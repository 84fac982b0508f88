//! Since when the instance's group waits for it: left behind by `prepare`, which comes first, for the agent,
//! which its sandbox keeps from seeing when this boot began.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use host::file;

/// In the runtime folder, which a boot finds empty.
const FILE: &str = "waited.json";

/// In seconds of `CLOCK_BOOTTIME`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Waited {
    /// When this boot began, if that is known.
    pub booted: Option<u64>,
    /// When a launching hook last heard a heartbeat, in this boot.
    pub beaten: Option<u64>,
}

impl Waited {
    /// Leaves it for whoever comes next.
    pub fn leave(&self, runtime_dir: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        std::fs::create_dir_all(runtime_dir)?;
        file::replace(&runtime_dir.join(FILE), &bytes, 0o600)
    }

    /// What was left in this boot. One that cannot be read is as good as none: it costs a heartbeat.
    pub fn read(runtime_dir: &Path) -> Self {
        let bytes = std::fs::read(runtime_dir.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_found_also_where_the_folder_was_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("run/swarmlet");
        assert_eq!(Waited::read(&folder), Waited::default());
        let waited = Waited {
            booted: Some(7),
            beaten: Some(70),
        };
        waited.leave(&folder).unwrap();
        assert_eq!(Waited::read(&folder), waited);
        std::fs::write(folder.join(FILE), "{").unwrap();
        assert_eq!(Waited::read(&folder), Waited::default());
    }
}
