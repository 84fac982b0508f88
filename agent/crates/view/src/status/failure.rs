//! Why the agent does not run: left behind by one that could not start.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::status;
use host::file;

/// In the runtime folder.
const FILE: &str = "failure.json";

/// The last start that failed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// When, in seconds since the Unix epoch.
    pub at: u64,
    /// Why, and what to do.
    pub text: String,
    /// Whether a person has to change something before another try makes sense.
    pub terminal: bool,
}

impl Failure {
    /// Leaves it for whoever looks.
    pub fn leave(runtime_dir: &Path, text: String, terminal: bool) -> io::Result<()> {
        let failure = Self {
            at: status::now(),
            text,
            terminal,
        };
        let bytes = serde_json::to_vec(&failure).map_err(io::Error::other)?;
        file::replace(&runtime_dir.join(FILE), &bytes, 0o600)
    }

    /// A start has succeeded.
    pub fn forget(runtime_dir: &Path) {
        if let Err(error) = std::fs::remove_file(runtime_dir.join(FILE))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(%error, "cannot remove the record of a failed start");
        }
    }

    /// The one that was left, if any.
    pub fn read(runtime_dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(runtime_dir.join(FILE)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_read_until_a_start_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Failure::read(folder.path()), None);
        Failure::leave(folder.path(), "no tag".into(), true).unwrap();
        let read = Failure::read(folder.path()).unwrap();
        assert_eq!((read.text.as_str(), read.terminal), ("no tag", true));
        Failure::forget(folder.path());
        Failure::forget(folder.path());
        assert_eq!(Failure::read(folder.path()), None);
    }
}
