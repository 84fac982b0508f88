//! How full a folder's disk is.

use std::path::Path;

use protocol::cleaning::Room;

/// Who tells how full a disk is.
pub(in crate::run) trait Rooms {
    /// The bytes and the files of the disk that a folder is on; or why that cannot be told.
    fn of(&self, folder: &Path) -> Result<[Room; 2], String>;
}

/// The kernel.
pub(in crate::run) struct Statvfs;

impl Rooms for Statvfs {
    fn of(&self, folder: &Path) -> Result<[Room; 2], String> {
        let stat = rustix::fs::statvfs(folder).map_err(|error| error.to_string())?;
        let bytes = Room {
            used: stat
                .f_blocks
                .saturating_sub(stat.f_bfree)
                .saturating_mul(stat.f_frsize),
            free: stat.f_bavail.saturating_mul(stat.f_frsize),
        };
        let files = Room {
            used: stat.f_files.saturating_sub(stat.f_ffree),
            free: stat.f_favail,
        };
        Ok([bytes, files])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_bytes_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let [bytes, _] = Statvfs.of(folder.path()).unwrap();
        assert!(bytes.free > 0);
        let error = Statvfs.of(&folder.path().join("absent")).unwrap_err();
        assert!(error.contains("No such file"), "{error}");
    }
}
