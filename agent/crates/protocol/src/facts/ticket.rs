//! The ticket: all that a node needs to join, in one parameter.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Epoch;

/// A worker's join token, `SWMTKN-1-<CA digest>-<secret>` (swarmkit `ca/config.go`).
#[derive(Clone, Debug)]
pub struct JoinToken(SecretString);

impl JoinToken {
    /// Checks the form, so that a damaged token never costs the engine's ten seconds.
    pub fn parse(text: SecretString) -> Result<Self, TicketError> {
        let parts: Vec<&str> = text.expose_secret().split('-').collect();
        let well_formed = matches!(parts[..], ["SWMTKN", "1", digest, secret]
            if digest.len() == 50 && secret.len() == 25);
        if well_formed {
            Ok(Self(text))
        } else {
            Err(TicketError::MalformedToken)
        }
    }

    /// The digest of the swarm's root certificate: base 36, 50 digits. Not secret.
    pub fn ca_digest(&self) -> &str {
        self.0.expose_secret().split('-').nth(2).unwrap_or_default()
    }

    /// The token itself, for the engine and for Parameter Store only.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// Which of a swarm's join tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// With it a node joins as a worker: the ticket holds it.
    Worker,
    /// With it a node would join as a manager: nobody is given it.
    Manager,
    /// Both.
    All,
}

impl PartialEq for JoinToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for JoinToken {}

/// By the root certificate's digest: nothing of the secret gets into a hash.
impl Hash for JoinToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ca_digest().hash(state);
    }
}

/// How to join the cluster's swarm. One value, so that a single read never pairs a new
/// token with an old address.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Ticket {
    /// The epoch of the swarm.
    pub epoch: Epoch,
    /// Docker's id of the swarm (`Cluster.ID`, also `O=` of every node's certificate).
    pub swarm_id: String,
    /// The worker token. The manager token never leaves raft.
    pub token: JoinToken,
    /// All live managers, the leader first.
    pub managers: Vec<SocketAddr>,
    /// The instances of all managers that raft counts, reachable or not: whose end means that the
    /// swarm is lost. A ticket of an older agent names none.
    pub instances: Vec<String>,
    /// The KMS key that the cluster's secrets are to be under, as this ticket's leader knew it: Parameter Store does not tell
    /// by which key a value is. None is the account's `aws/ssm`, or an older agent's word.
    pub kms_key: Option<String>,
    /// Instance id of the leader that published it.
    pub issued_by: String,
    /// When it was published, in seconds since the Unix epoch. For people; no rule reads it.
    pub issued_at: u64,
}

/// Why a ticket cannot be read. None of the texts holds any of the value.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum TicketError {
    /// The value is not the JSON this version knows.
    #[error(
        "cannot read the ticket: it is no JSON object of the known form (line {line}, column {column})"
    )]
    Malformed {
        /// Where the reader stopped.
        line: usize,
        /// Where the reader stopped.
        column: usize,
    },
    /// A newer agent wrote it.
    #[error(
        "cannot read the ticket: its version is {0}, this agent knows version 1; update swarmlet here"
    )]
    Version(u32),
    /// The token has not the form of a join token.
    #[error("cannot read the ticket: its token is not of the form SWMTKN-1-<digest>-<secret>")]
    MalformedToken,
    /// There is no address to join at.
    #[error("cannot read the ticket: it names no manager")]
    NoManagers,
}

const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    version: u32,
    epoch: Epoch,
    swarm_id: String,
    token: String,
    managers: Vec<SocketAddr>,
    #[serde(default)]
    instances: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kms_key: Option<String>,
    issued_by: String,
    issued_at: u64,
}

impl Ticket {
    /// Reads the parameter's value. Unknown fields are ignored, so that a later version
    /// may add some without a new number.
    pub fn parse(value: &SecretString) -> Result<Self, TicketError> {
        let text = value.expose_secret();
        let Version { version } = serde_json::from_str(text).map_err(|e| malformed(&e))?;
        if version != VERSION {
            return Err(TicketError::Version(version));
        }
        let wire: Wire = serde_json::from_str(text).map_err(|e| malformed(&e))?;
        if wire.managers.is_empty() {
            return Err(TicketError::NoManagers);
        }
        Ok(Self {
            epoch: wire.epoch,
            swarm_id: wire.swarm_id,
            token: JoinToken::parse(wire.token.into())?,
            managers: wire.managers,
            instances: wire.instances,
            kms_key: wire.kms_key,
            issued_by: wire.issued_by,
            issued_at: wire.issued_at,
        })
    }

    /// The parameter's value.
    pub fn to_value(&self) -> SecretString {
        let wire = Wire {
            version: VERSION,
            epoch: self.epoch,
            swarm_id: self.swarm_id.clone(),
            token: self.token.secret().expose_secret().to_owned(),
            managers: self.managers.clone(),
            instances: self.instances.clone(),
            kms_key: self.kms_key.clone(),
            issued_by: self.issued_by.clone(),
            issued_at: self.issued_at,
        };
        serde_json::to_string(&wire)
            .expect("a struct of strings and numbers always serialises")
            .into()
    }

    /// Whether both say the same, under the same key: all but who issued it, and when.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && self.swarm_id == other.swarm_id
            && self.token == other.token
            && self.managers == other.managers
            && self.instances == other.instances
            && self.kms_key == other.kms_key
    }
}

/// serde's own message may quote the value: only its place is kept.
fn malformed(error: &serde_json::Error) -> TicketError {
    TicketError::Malformed {
        line: error.line(),
        column: error.column(),
    }
}

#[cfg(test)]
#[path = "ticket_tests.rs"]
mod tests;
