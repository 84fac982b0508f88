//! Why the engine does not start, or goes on with earlier settings: for `swarmlet status` and `swarmlet doctor`.
//!
//! Files of the runtime folder, so of this boot. Who starts the engine writes them, and not the agent.

use std::io::{self, ErrorKind};
use std::path::Path;

use host::file;

/// What there may be to tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The engine's last start failed.
    Down,
    /// It runs with an earlier `daemon.json`, since it does not start with ours.
    Refused,
}

const ALL: [Trouble; 2] = [Trouble::Down, Trouble::Refused];

impl Trouble {
    fn name(self) -> &'static str {
        match self {
            Self::Down => "engine.down",
            Self::Refused => "engine.refused",
        }
    }

    /// Leaves the text, in place of an earlier one.
    pub fn tell(self, runtime_dir: &Path, text: &str) -> io::Result<()> {
        std::fs::create_dir_all(runtime_dir)?;
        file::replace_unflushed(&runtime_dir.join(self.name()), text.as_bytes(), 0o600)
    }

    /// It is over.
    pub fn forget(self, runtime_dir: &Path) -> io::Result<()> {
        match std::fs::remove_file(runtime_dir.join(self.name())) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What there is to tell, the worst first.
    pub fn read(runtime_dir: &Path) -> Option<String> {
        let texts =
            ALL.map(|trouble| std::fs::read_to_string(runtime_dir.join(trouble.name())).ok());
        let texts: Vec<String> = texts.into_iter().flatten().collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("run");
        assert_eq!(Trouble::read(&runtime), None);
        Trouble::Refused.tell(&runtime, "one").unwrap();
        Trouble::Down.tell(&runtime, "two").unwrap();
        assert_eq!(Trouble::read(&runtime).as_deref(), Some("two; one"));
        Trouble::Down.forget(&runtime).unwrap();
        assert_eq!(Trouble::read(&runtime).as_deref(), Some("one"));
        for _ in 0..2 {
            Trouble::Refused.forget(&runtime).unwrap();
        }
        assert_eq!(Trouble::read(&runtime), None);
    }
}
