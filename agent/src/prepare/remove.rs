//! Removing a file or a folder.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::PrepareError;

/// With all that is in it. What is not there counts as removed.
pub(super) fn remove(path: &Path) -> Result<(), PrepareError> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PrepareError::file("remove", path, &error))
        }
        _ => Ok(()),
    }
}
