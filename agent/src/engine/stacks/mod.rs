//! Stacks as the agent sees them: Docker's own command deploys them, and the swarm's labels say which.

mod cli;
mod images;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use thiserror::Error;

use super::EngineError;
use crate::command::CommandError;
use crate::swarm::stacks::Note;

pub use cli::{Cli, Place};
pub use images::{registries, role_region};

/// The labels of the swarm that say which stacks the agent has deployed: this and the stack's name.
pub const STACK_LABEL: &str = "swarmlet.stack.";
/// Docker Hub's name among registries.
pub const HUB: &str = "docker.io";

/// Who the swarm is to a registry.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The registry's host, and port if it has one.
    pub host: String,
    /// What it wants to see.
    pub secret: Secret,
}

/// What a registry wants to see.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A user's name and password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// Both in base64, as ECR gives them.
    Encoded(SecretString),
}

/// What the swarm has of stacks.
#[derive(Clone, Debug, Default)]
pub struct Deployed {
    /// What the swarm's labels say, by stack; none where a label cannot be read.
    pub notes: BTreeMap<String, Option<Note>>,
    /// The stacks that have a service, whoever deployed them.
    pub present: BTreeSet<String>,
}

/// Why a stack was not deployed, or not removed.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum StackError {
    /// Docker finds a mistake in the file: its own words, with the line or the key.
    #[error("the file is not valid: {0}")]
    Invalid(String),
    /// Docker could not do it: its own words.
    #[error("{0}")]
    Failed(String),
    /// The command could not be run or took too long.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The folder for the command's settings cannot be used.
    #[error("cannot write {0}: {1}")]
    Folder(String, String),
}

/// Docker's stacks as the agent needs them; all of it on managers only.
pub trait Stacks {
    /// The notes in the swarm's labels (`GET /swarm`) and the stacks that have services
    /// (`GET /services`).
    async fn deployed(&self) -> Result<Deployed, EngineError>;

    /// Writes a note into the swarm's labels, or takes it away (`POST /swarm/update`); fails where
    /// another writer comes between.
    async fn note(&self, name: &str, note: Option<&Note>) -> Result<(), EngineError>;

    /// Has the engine log in at a registry (`POST /auth`). [`EngineError::Refused`] may be the
    /// registry's own no; all else says nothing about the password.
    async fn login(&self, credential: &Credential) -> Result<(), EngineError>;

    /// The file as Docker reads it (`docker stack config`). An engine too old for that gives it
    /// back as it is: its `docker stack deploy` finds mistakes before it changes anything.
    async fn resolve(&self, file: &str) -> Result<String, StackError>;

    /// Gives the swarm a stack's file (`docker stack deploy`); what changes nothing restarts nothing.
    /// Returns what Docker warns of.
    async fn deploy(
        &self,
        name: &str,
        file: &str,
        credentials: &[Credential],
    ) -> Result<Vec<String>, StackError>;

    /// Removes a stack's services, networks, secrets and configs (`docker stack rm`); its volumes stay.
    async fn remove(&self, name: &str) -> Result<(), StackError>;
}
