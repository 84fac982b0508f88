//! Asking for the engine label that says that this node departs.
//!
//! `daemon.json` and the engine's service are not the agent's to touch: it leaves a file, which
//! `swarmlet-announce.path` waits for.

use std::path::Path;

use crate::EngineError;
use host::file;

/// The same name is in `systemd/swarmlet-announce.path`.
pub const FILE: &str = "departing";

/// Leaves the file: the deadline, or nothing to take the label away.
pub(super) fn ask(runtime_dir: &Path, deadline: Option<u64>) -> Result<(), EngineError> {
    let path = runtime_dir.join(FILE);
    let text = deadline.map(|at| at.to_string()).unwrap_or_default();
    let written = file::replace(&path, text.as_bytes(), 0o644);
    written.map_err(|error| EngineError::Unannounced(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_request_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("departing");
        assert_eq!(ask(folder.path(), Some(7)), Ok(()));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7");
        assert_eq!(ask(folder.path(), None), Ok(()));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn a_request_that_cannot_be_left_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = ask(&folder.path().join("absent"), None).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("cannot announce"), "{message}");
        assert!(message.contains("absent/departing"), "{message}");
    }
}
