//! Which images stay whatever the disk: those of the machine's own image, and those that the settings name.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::CleanError;

/// Written by `packer/provision/30-images.sh`: a line an image, its name and its id.
pub(super) const BAKED: &str = "/usr/share/swarmlet/images";

/// Ids and full names of all of them. A machine's image without such a file came with none.
pub(super) fn read(baked: &Path, set: &[String]) -> Result<BTreeSet<String>, CleanError> {
    let text = match std::fs::read_to_string(baked) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(CleanError::Kept {
                path: baked.to_owned(),
                cause: error.to_string(),
            });
        }
    };
    let words = text.split_whitespace();
    let words = words.chain(set.iter().map(String::as_str));
    // A word that is an id stays one beside the name that it could be read as.
    let names = words.flat_map(|word| {
        let full = docker::api::full_names(word);
        full.into_iter().chain([word.to_owned()])
    });
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_list_and_the_settings_are_kept_together() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("images");
        assert!(read(&file, &[]).unwrap().is_empty());
        std::fs::write(&file, "nginx sha256:1\nr:5000/a:2 sha256:2\n").unwrap();
        let kept = read(&file, &["docker.io/library/redis:7".to_owned()]).unwrap();
        for name in [
            "nginx:latest",
            "sha256:1",
            "r:5000/a:2",
            "sha256:2",
            "redis:7",
        ] {
            assert!(kept.contains(name), "{name} is not in {kept:?}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("none is removed"), "{error}");
    }
}
