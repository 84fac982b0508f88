//! What the agent remembers on disk: its membership, and the nonces of its claims.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file;
use crate::swarm::{Epoch, Membership};

/// A file of the state folder that cannot be used.
#[derive(Debug, Error)]
#[error("cannot {verb} {}: {cause}", path.display())]
pub struct MemoryError {
    verb: &'static str,
    path: PathBuf,
    cause: String,
}

/// The state folder. Both files name the instance they belong to: what another instance
/// wrote (the disk was cloned) is not remembered.
#[derive(Debug)]
pub struct Memory {
    folder: PathBuf,
    instance_id: String,
}

/// One nonce an epoch, drawn before the first write: it marks this node's values, also
/// after a lost answer or a crash.
#[derive(Default, Serialize, Deserialize)]
struct Nonces {
    instance_id: String,
    epochs: BTreeMap<u64, String>,
}

impl Memory {
    /// The memory of this instance in `folder`.
    pub fn new(folder: &Path, instance_id: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            instance_id: instance_id.to_owned(),
        }
    }

    /// The membership, if this instance has one.
    pub fn membership(&self) -> Result<Option<Membership>, MemoryError> {
        let membership: Option<Membership> = self.read("membership.json")?;
        Ok(membership.filter(|m| m.instance_id == self.instance_id))
    }

    /// Remembers a membership.
    pub fn remember(&self, membership: &Membership) -> Result<(), MemoryError> {
        self.write("membership.json", membership)
    }

    /// Forgets it: the engine has left the swarm.
    pub fn forget(&self) -> Result<(), MemoryError> {
        let path = self.folder.join("membership.json");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", path, &error))
            }
            _ => Ok(()),
        }
    }

    /// This node's nonce of an epoch, if it has drawn one.
    pub fn nonce(&self, epoch: Epoch) -> Result<Option<String>, MemoryError> {
        Ok(self.nonces()?.epochs.remove(&epoch.number()))
    }

    /// This node's nonce of an epoch, drawn and on disk before it is used.
    pub fn draw_nonce(&self, epoch: Epoch) -> Result<String, MemoryError> {
        let mut nonces = self.nonces()?;
        if let Some(nonce) = nonces.epochs.get(&epoch.number()) {
            return Ok(nonce.clone());
        }
        let nonce = format!("{:032x}", rand::random::<u128>());
        nonces.epochs.insert(epoch.number(), nonce.clone());
        self.write("nonces.json", &nonces)?;
        Ok(nonce)
    }

    fn nonces(&self) -> Result<Nonces, MemoryError> {
        let nonces: Option<Nonces> = self.read("nonces.json")?;
        let mine = nonces.filter(|nonces| nonces.instance_id == self.instance_id);
        let instance_id = self.instance_id.clone();
        Ok(mine.unwrap_or(Nonces {
            instance_id,
            ..Nonces::default()
        }))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, MemoryError> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(failed("read", path, &error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", path, &error)),
        }
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), MemoryError> {
        let path = self.folder.join(name);
        let bytes =
            serde_json::to_vec_pretty(value).map_err(|e| failed("write", path.clone(), &e))?;
        file::replace(&path, &bytes, 0o600).map_err(|error| failed("write", path, &error))
    }
}

fn failed(verb: &'static str, path: PathBuf, cause: &dyn std::fmt::Display) -> MemoryError {
    MemoryError {
        verb,
        path,
        cause: cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership(instance_id: &str) -> Membership {
        Membership {
            instance_id: instance_id.into(),
            node_id: "n".into(),
            swarm_id: "s".into(),
            epoch: Epoch::FIRST,
        }
    }

    #[test]
    fn a_clone_remembers_nothing_of_its_model() {
        let folder = tempfile::tempdir().unwrap();
        let model = Memory::new(folder.path(), "i-1");
        model.remember(&membership("i-1")).unwrap();
        let nonce = model.draw_nonce(Epoch::FIRST).unwrap();
        let clone = Memory::new(folder.path(), "i-2");
        assert_eq!(clone.membership().unwrap(), None);
        assert_eq!(clone.nonce(Epoch::FIRST).unwrap(), None);
        assert_ne!(clone.draw_nonce(Epoch::FIRST).unwrap(), nonce);
    }

    #[test]
    fn a_nonce_is_drawn_once_an_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let memory = || Memory::new(folder.path(), "i-1");
        let first = memory().draw_nonce(Epoch::FIRST).unwrap();
        let second = memory().draw_nonce(Epoch::FIRST.next()).unwrap();
        assert_ne!(first, second);
        assert_eq!(memory().draw_nonce(Epoch::FIRST).unwrap(), first);
        assert_eq!(memory().nonce(Epoch::FIRST).unwrap(), Some(first));
    }

    #[test]
    fn forgetting_twice_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::new(folder.path(), "i-1");
        memory.remember(&membership("i-1")).unwrap();
        memory.forget().unwrap();
        memory.forget().unwrap();
        assert_eq!(memory.membership().unwrap(), None);
    }

    #[test]
    fn damage_is_a_clear_error_and_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("membership.json");
        std::fs::write(&path, "{").unwrap();
        let error = Memory::new(folder.path(), "i-1").membership().unwrap_err();
        assert!(error.to_string().starts_with("cannot read "), "{error}");
        assert!(path.exists());
    }
}
