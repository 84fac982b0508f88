//! What the agent remembers on disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use host::file;
use protocol::node::{Act, Recalled};
use protocol::{Epoch, Membership, Peer};

const MEMBERSHIP: &str = "membership.json";
const PEERS: &str = "peers.json";
const NONCES: &str = "nonces.json";
const ACTS: &str = "acts.json";
const CONSENT: &str = "consent.json";

/// A file of the state folder that cannot be used.
#[derive(Debug, Error)]
#[error("cannot {verb} {}: {cause}", path.display())]
pub struct MemoryError {
    verb: &'static str,
    path: PathBuf,
    cause: String,
}

/// The state folder. Each file names the instance it belongs to: what another instance
/// wrote (the disk was cloned) is not remembered.
#[derive(Clone, Debug)]
pub struct Memory {
    folder: PathBuf,
    instance_id: String,
}

/// What belongs to one instance.
#[derive(Serialize, Deserialize)]
struct Owned<T> {
    instance_id: String,
    value: T,
}

/// One nonce an epoch, drawn before the first write: it marks this node's values, also
/// after a lost answer or a crash.
#[derive(Default, Serialize, Deserialize)]
struct Nonces {
    epochs: BTreeMap<u64, String>,
}

#[derive(Serialize, Deserialize)]
struct Peers {
    peers: Vec<Peer>,
}

/// The last act that cannot be undone.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
struct Acts {
    /// When, in seconds since the machine's boot.
    at: Option<u64>,
    /// The epoch under whose claim a new cluster was forced, until that epoch is remembered.
    forced: Option<Epoch>,
}

#[derive(Serialize, Deserialize)]
struct Consent {}

impl Memory {
    /// The memory of this instance in `folder`.
    pub fn new(folder: &Path, instance_id: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            instance_id: instance_id.to_owned(),
        }
    }

    /// Everything.
    pub(super) fn recall(&self, uptime: Duration) -> Result<Recalled, MemoryError> {
        let acts: Acts = self.own(ACTS)?.unwrap_or_default();
        let peers: Option<Peers> = self.own(PEERS)?;
        Ok(Recalled {
            membership: self.membership()?,
            peers: peers.map(|file| file.peers).unwrap_or_default(),
            acted: acts.at.map(|at| age(Duration::from_secs(at), uptime)),
            forced: acts.forced,
            departure: self.departure()?,
        })
    }

    /// The membership, if this instance has one.
    pub fn membership(&self) -> Result<Option<Membership>, MemoryError> {
        let membership: Option<Membership> = self.read(MEMBERSHIP)?;
        Ok(membership.filter(|m| m.instance_id == self.instance_id))
    }

    /// Remembers a membership. What was forced for it is settled with that.
    pub fn remember(&self, membership: &Membership) -> Result<(), MemoryError> {
        self.write(MEMBERSHIP, membership)?;
        self.settle()
    }

    /// Forgets the swarm: the engine has left it.
    pub fn forget(&self) -> Result<(), MemoryError> {
        self.remove(MEMBERSHIP)?;
        self.remove(PEERS)?;
        self.settle()
    }

    /// No forced cluster waits for its epoch any more.
    pub(super) fn settle(&self) -> Result<(), MemoryError> {
        let acts: Option<Acts> = self.own(ACTS)?;
        match acts {
            Some(acts) if acts.forced.is_some() => self.keep(
                ACTS,
                Acts {
                    forced: None,
                    ..acts
                },
            ),
            _ => Ok(()),
        }
    }

    /// Remembers the managers of this node's swarm.
    pub(super) fn remember_peers(&self, peers: &[Peer]) -> Result<(), MemoryError> {
        let peers = peers.to_vec();
        self.keep(PEERS, Peers { peers })
    }

    /// Records an act before it is done.
    pub(super) fn record(&self, act: &Act, uptime: Duration) -> Result<(), MemoryError> {
        let before: Acts = self.own(ACTS)?.unwrap_or_default();
        let forced = match act {
            Act::Recover(epoch) => Some(*epoch),
            Act::Leave | Act::Restart | Act::Clear => before.forced,
        };
        let at = Some(uptime.as_secs());
        self.keep(ACTS, Acts { at, forced })
    }

    /// Takes the time of the last act back: it did not take place.
    pub(super) fn take_back(&self) -> Result<(), MemoryError> {
        let acts: Acts = self.own(ACTS)?.unwrap_or_default();
        self.keep(ACTS, Acts { at: None, ..acts })
    }

    /// A person's consent to a recovery.
    pub fn consent(&self) -> Result<(), MemoryError> {
        self.keep(CONSENT, Consent {})
    }

    /// Whether a person has consented. A file that cannot be read is no consent.
    pub(super) fn has_consent(&self) -> bool {
        matches!(self.own::<Consent>(CONSENT), Ok(Some(_)))
    }

    /// Consent is for the loss that is there, not for the next one.
    pub(super) fn withdraw_consent(&self) -> Result<(), MemoryError> {
        self.remove(CONSENT)
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
        self.keep(NONCES, nonces)?;
        Ok(nonce)
    }

    fn nonces(&self) -> Result<Nonces, MemoryError> {
        Ok(self.own(NONCES)?.unwrap_or_default())
    }

    pub(super) fn own<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, MemoryError> {
        let owned: Option<Owned<T>> = self.read(name)?;
        let own = owned.filter(|owned| owned.instance_id == self.instance_id);
        Ok(own.map(|owned| owned.value))
    }

    pub(super) fn keep<T: Serialize>(&self, name: &str, value: T) -> Result<(), MemoryError> {
        let instance_id = self.instance_id.clone();
        self.write(name, &Owned { instance_id, value })
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), MemoryError> {
        let path = self.folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", path, &error))
            }
            _ => Ok(()),
        }
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

/// How long ago something was, at least. A time that is still to come was before a reboot: then
/// it is as long ago as this boot, or longer.
fn age(at: Duration, uptime: Duration) -> Duration {
    uptime.checked_sub(at).unwrap_or(uptime)
}

fn failed(verb: &'static str, path: PathBuf, cause: &dyn std::fmt::Display) -> MemoryError {
    MemoryError {
        verb,
        path,
        cause: cause.to_string(),
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
