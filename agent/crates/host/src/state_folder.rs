//! The state folder: what the agent of this instance remembers over restarts. Each file of it is read and written here.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file;
use crate::folder_watch::FolderWatch;
use protocol::departure::Request;
use protocol::node::launch::Waited;
use protocol::node::{File, Files};
use protocol::{Membership, Peer};

/// Which swarm the instance belongs to, and which instance that is.
pub const MEMBERSHIP: &str = "membership.json";
const PEERS: &str = "peers.json";
const NONCES: &str = "nonces.json";
const ACTS: &str = "acts.json";
const CONSENT: &str = "consent.json";
const DEPARTURE: &str = "departure.json";
const REQUEST: &str = "request.json";
const LAUNCH: &str = "launch.json";

/// A file of the state folder that cannot be used.
#[derive(Debug, Error)]
#[error("cannot {verb} {}: {cause}", path.display())]
pub struct StateError {
    verb: &'static str,
    path: PathBuf,
    cause: String,
}

/// The state folder. Each file names the instance it belongs to: what another instance
/// wrote (the disk was cloned) is not remembered.
#[derive(Clone, Debug)]
pub struct StateFolder {
    folder: PathBuf,
    instance_id: String,
}

/// What belongs to one instance.
#[derive(Serialize, Deserialize)]
struct Owned<T> {
    instance_id: String,
    value: T,
}

#[derive(Serialize, Deserialize)]
struct Peers {
    peers: Vec<Peer>,
}

#[derive(Serialize, Deserialize)]
struct Consent {}

impl StateFolder {
    /// The memory of this instance in `folder`.
    pub fn new(folder: &Path, instance_id: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            instance_id: instance_id.to_owned(),
        }
    }

    /// All that decisions rest on.
    pub fn recall(&self) -> Result<Files, StateError> {
        let peers: Option<Peers> = self.own(PEERS)?;
        Ok(Files {
            membership: self.membership()?,
            peers: peers.map(|file| file.peers).unwrap_or_default(),
            nonces: self.own(NONCES)?.unwrap_or_default(),
            acts: self.own(ACTS)?.unwrap_or_default(),
            departure: self.own(DEPARTURE)?,
            launch: self.own(LAUNCH)?.unwrap_or_default(),
            waited: Waited::default(),
        })
    }

    /// Writes a file as it is to be.
    pub fn save(&self, file: &File<'_>) -> Result<(), StateError> {
        match file {
            // It names its instance itself.
            File::Membership(Some(membership)) => self.write(MEMBERSHIP, membership),
            File::Membership(None) => self.remove(MEMBERSHIP),
            File::Peers([]) => self.remove(PEERS),
            File::Peers(peers) => {
                let peers = peers.to_vec();
                self.keep(PEERS, Peers { peers })
            }
            File::Nonces(nonces) => self.keep(NONCES, nonces),
            File::Acts(acts) => self.keep(ACTS, acts),
            File::Departure(Some(departure)) => self.keep(DEPARTURE, departure),
            File::Departure(None) => self.remove(DEPARTURE),
            File::Launch(launched) => self.keep(LAUNCH, launched),
            // Of this boot: in the runtime folder.
            File::Waited(_) => Ok(()),
        }
    }

    /// The membership, if this instance has one.
    pub fn membership(&self) -> Result<Option<Membership>, StateError> {
        let membership: Option<Membership> = self.read(MEMBERSHIP)?;
        Ok(membership.filter(|m| m.instance_id == self.instance_id))
    }

    /// A person's consent to a recovery.
    pub fn consent(&self) -> Result<(), StateError> {
        self.keep(CONSENT, Consent {})
    }

    /// Whether a person has consented. A file that cannot be read is no consent.
    pub fn has_consent(&self) -> bool {
        matches!(self.own::<Consent>(CONSENT), Ok(Some(_)))
    }

    /// Consent is for the loss that is there, not for the next one.
    pub fn withdraw_consent(&self) -> Result<(), StateError> {
        self.remove(CONSENT)
    }

    /// Tells when a file is put there: an operator's request, or one of the agent's own.
    pub fn watch(&self) -> io::Result<FolderWatch> {
        FolderWatch::new(&self.folder)
    }

    /// What an operator asked for last.
    pub fn request(&self) -> Result<Option<Request>, StateError> {
        self.own(REQUEST)
    }

    /// Leaves an operator's request, for this very instance.
    pub fn ask(&self, request: &Request) -> Result<(), StateError> {
        self.keep(REQUEST, request)
    }

    fn own<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let owned: Option<Owned<T>> = self.read(name)?;
        let own = owned.filter(|owned| owned.instance_id == self.instance_id);
        Ok(own.map(|owned| owned.value))
    }

    fn keep<T: Serialize>(&self, name: &str, value: T) -> Result<(), StateError> {
        let instance_id = self.instance_id.clone();
        self.write(name, &Owned { instance_id, value })
    }

    fn remove(&self, name: &str) -> Result<(), StateError> {
        let path = self.folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", path, &error))
            }
            _ => Ok(()),
        }
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
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

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StateError> {
        let path = self.folder.join(name);
        let bytes =
            serde_json::to_vec_pretty(value).map_err(|e| failed("write", path.clone(), &e))?;
        file::replace(&path, &bytes, 0o600).map_err(|error| failed("write", path, &error))
    }
}

fn failed(verb: &'static str, path: PathBuf, cause: &dyn std::fmt::Display) -> StateError {
    StateError {
        verb,
        path,
        cause: cause.to_string(),
    }
}

#[cfg(test)]
#[path = "state_folder_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "earlier_files_tests.rs"]
mod earlier_files_tests;
