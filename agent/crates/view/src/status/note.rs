//! What a process of this host waits for, as long as it waits: a file that its writer holds locked.
//!
//! The lock ends with the process, however that ends: a note without one is nobody's any more, and stays
//! behind for the next one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// By `swarmlet prepare`, from the moment it waits until the host is ready.
pub const PREPARE: &str = "prepare.waits";
/// By the agent, before it knows who its node is.
pub const AGENT: &str = "agent.waits";

/// A note that is true as long as this is held.
#[derive(Debug)]
pub struct Note {
    _lock: File,
}

impl Note {
    /// Leaves a note in the runtime folder, in place of an earlier one of that name. A reader sees the old text
    /// or the new.
    pub fn leave(runtime_dir: &Path, name: &str, text: &str) -> io::Result<Self> {
        fs::create_dir_all(runtime_dir)?;
        let (path, new) = (
            runtime_dir.join(name),
            runtime_dir.join(format!(".{name}.new")),
        );
        let mut options = OpenOptions::new();
        // Whoever could open it could lock it too, and hold the agent up.
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.lock()?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, &path)?;
        Ok(Self { _lock: file })
    }

    /// The note of that name, if its writer lives and waits.
    pub fn read(runtime_dir: &Path, name: &str) -> Option<String> {
        let path = runtime_dir.join(name);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(fs::TryLockError::WouldBlock) => fs::read_to_string(&path).ok(),
            Ok(()) | Err(fs::TryLockError::Error(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_long_as_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("run");
        let read = || Note::read(&runtime, AGENT);
        assert_eq!(read(), None);
        let first = Note::leave(&runtime, AGENT, "one").unwrap();
        assert_eq!(read().as_deref(), Some("one"));
        let second = Note::leave(&runtime, AGENT, "two").unwrap();
        drop(first);
        assert_eq!(read().as_deref(), Some("two"));
        assert_eq!(Note::read(&runtime, PREPARE), None);
        drop(second);
        assert_eq!(read(), None);
    }

    #[test]
    fn a_note_whose_writer_is_gone_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(AGENT), "from a crash").unwrap();
        assert_eq!(Note::read(folder.path(), AGENT), None);
    }
}
