//! Since when the instance's group waits for it: left behind by `prepare`, which comes first, for the agent,
//! which its sandbox keeps from seeing when this boot began.

use std::io;
use std::path::Path;

use host::file;
use protocol::node::launch::Waited;

/// In the runtime folder, which a boot finds empty.
const FILE: &str = "waited.json";

/// Leaves it for whoever comes next.
pub fn leave(waited: Waited, runtime_dir: &Path) -> io::Result<()> {
    let bytes = serde_json::to_vec(&waited).map_err(io::Error::other)?;
    std::fs::create_dir_all(runtime_dir)?;
    file::replace(&runtime_dir.join(FILE), &bytes, 0o600)
}

/// What was left in this boot. One that cannot be read is as good as none: it costs a heartbeat.
pub fn read(runtime_dir: &Path) -> Waited {
    let bytes = std::fs::read(runtime_dir.join(FILE)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_found_also_where_the_folder_was_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("run/swarmlet");
        assert_eq!(read(&folder), Waited::default());
        let waited = Waited {
            booted: Some(7),
            beaten: Some(70),
        };
        leave(waited, &folder).unwrap();
        assert_eq!(read(&folder), waited);
        std::fs::write(folder.join(FILE), "{").unwrap();
        assert_eq!(read(&folder), Waited::default());
    }
}
