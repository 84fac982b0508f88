//! Keeps a package's scripts from starting services.
//!
//! Debian's packages start what they install and wait for it. `prepare` is ordered before the
//! engine, so each would wait for the other for ever. `policy-rc.d` is the official way to say no.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::InstallError;
use host::file;

const POLICY: &str = "usr/sbin/policy-rc.d";
const KEPT: &str = "usr/sbin/policy-rc.d.kept-by-swarmlet";
const OURS: &str = "#!/bin/sh\n# Written by swarmlet while it installs packages: no service is started.\nexit 101\n";

/// No package starts a service until this is lifted.
#[derive(Debug)]
#[must_use = "services stay held back until it is lifted"]
pub struct Hold {
    policy: PathBuf,
    kept: PathBuf,
}

impl Hold {
    fn new(root: &Path) -> Self {
        Self {
            policy: root.join(POLICY),
            kept: root.join(KEPT),
        }
    }

    /// Holds services back. A policy of the image's own is put aside.
    pub fn set(root: &Path) -> Result<Self, InstallError> {
        let hold = Self::new(root);
        hold.restore()
            .and_then(|()| hold.put())
            .map_err(|error| hold.failed("write", &error))?;
        Ok(hold)
    }

    /// Lets services start again, by the image's own policy if it had one.
    pub fn lift(self) -> Result<(), InstallError> {
        self.restore()
            .map_err(|error| self.failed("restore", &error))
    }

    /// Lifts a hold that a crash has left behind.
    pub fn lift_leftover(root: &Path) -> Result<(), InstallError> {
        Self::new(root).lift()
    }

    fn put(&self) -> io::Result<()> {
        match fs::rename(&self.policy, &self.kept) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Some(folder) = self.policy.parent() {
            fs::create_dir_all(folder)?;
        }
        file::replace(&self.policy, OURS.as_bytes(), 0o755)
    }

    fn restore(&self) -> io::Result<()> {
        match fs::rename(&self.kept, &self.policy) {
            Err(error) if error.kind() == ErrorKind::NotFound => self.remove_ours(),
            other => other,
        }
    }

    fn remove_ours(&self) -> io::Result<()> {
        match fs::read(&self.policy) {
            Ok(content) if content == OURS.as_bytes() => fs::remove_file(&self.policy),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn failed(&self, verb: &'static str, error: &io::Error) -> InstallError {
        InstallError::Io {
            verb,
            path: self.policy.display().to_string(),
            cause: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    fn root(policy: Option<&str>) -> TempDir {
        let root = TempDir::new().expect("a folder");
        fs::create_dir_all(root.path().join("usr/sbin")).expect("a folder");
        if let Some(policy) = policy {
            fs::write(root.path().join(POLICY), policy).expect("a file");
        }
        root
    }

    fn policy(root: &TempDir) -> Option<String> {
        fs::read_to_string(root.path().join(POLICY)).ok()
    }

    #[test]
    fn services_are_held_back_until_the_hold_is_lifted() {
        for own in [None, Some("#!/bin/sh\nexit 0\n")] {
            let root = root(own);
            let hold = Hold::set(root.path()).expect("a hold");
            assert_eq!(policy(&root).as_deref(), Some(OURS));
            let mode = fs::metadata(root.path().join(POLICY))
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o755);
            hold.lift().expect("lifted");
            assert_eq!(policy(&root).as_deref(), own);
            assert!(!root.path().join(KEPT).exists());
        }
    }

    #[test]
    fn what_a_crash_left_behind_is_lifted_and_the_images_own_policy_survives_two_crashes() {
        for own in [None, Some("#!/bin/sh\nexit 0\n")] {
            let root = root(own);
            for _ in 0..2 {
                std::mem::forget(Hold::set(root.path()).expect("a hold"));
            }
            Hold::lift_leftover(root.path()).expect("lifted");
            assert_eq!(policy(&root).as_deref(), own);
        }
    }

    #[test]
    fn without_a_leftover_nothing_changes() {
        let root = root(Some("own"));
        Hold::lift_leftover(root.path()).expect("nothing to lift");
        assert_eq!(policy(&root).as_deref(), Some("own"));
        Hold::lift_leftover(&root.path().join("nowhere")).expect("nothing to lift");
    }
}
