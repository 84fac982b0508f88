//! Stacks as the agent sees them: Docker's own command deploys them, and the swarm's labels say which.

mod cli;
mod images;

use std::collections::BTreeMap;

use secrecy::SecretString;
use thiserror::Error;

use super::EngineError;
use host::command::CommandError;
use protocol::stacks::objects::{Kind, LocalNetwork, NetworkSetup, Object};
use protocol::stacks::{Note, ResolveImage};

pub use cli::{Cli, Place};
pub use images::{host, role_region};

/// Docker's own label of everything that belongs to a stack.
pub const NAMESPACE: &str = "com.docker.stack.namespace";
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
    /// All services, networks, secrets and configs of the swarm, whoever made them.
    pub objects: Vec<Object>,
    /// What no service can use and a try of an earlier version has left on this manager.
    pub local: Vec<LocalNetwork>,
}

/// What Docker is given for a stack.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a> {
    /// The stack's name.
    pub name: &'a str,
    /// Its file.
    pub file: &'a str,
    /// A second file, for what the first one does not say: the names of secrets and configs.
    pub overlay: Option<&'a str>,
    /// Passwords of the registries that it pulls from.
    pub credentials: &'a [Credential],
    /// Which images are looked up.
    pub resolve: ResolveImage,
    /// How many services it has: a registry that does not answer takes its time for each.
    pub services: usize,
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

/// Docker's stacks as the agent needs them; but for what is local, all of it on managers only.
pub trait Stacks {
    /// The notes in the swarm's labels (`GET /swarm`), and what the swarm has (`GET /services`,
    /// `/networks`, `/secrets`, `/configs`).
    async fn deployed(&self) -> Result<Deployed, EngineError>;

    /// The networks of this machine alone that carry a stack's label (`GET /networks`).
    async fn local(&self) -> Result<Vec<LocalNetwork>, EngineError>;

    /// Whether a container is in a network of this machine, running or not (`GET /containers/json`).
    async fn has_containers(&self, network: &LocalNetwork) -> Result<bool, EngineError>;

    /// Whether a network driver makes networks of one machine, which services cannot use; none where the engine does not
    /// tell. Nothing is made (`POST /networks/create` with what every engine refuses).
    async fn is_of_one_machine(&self, driver: &str) -> Result<Option<bool>, EngineError>;

    /// Writes a note into the swarm's labels, or takes it away (`POST /swarm/update`); fails where
    /// another writer comes between.
    async fn note(&self, name: &str, note: Option<&Note>) -> Result<(), EngineError>;

    /// Has the engine log in at a registry (`POST /auth`). [`EngineError::Refused`] may be the
    /// registry's own no; all else says nothing about the password.
    async fn login(&self, credential: &Credential) -> Result<(), EngineError>;

    /// Whether Docker reads no file without a `version:`, as up to Docker Engine 20.10.
    async fn needs_version(&self) -> Result<bool, StackError>;

    /// The file as Docker reads it (`docker stack config`); none from an engine too old for that, whose
    /// `docker stack deploy` finds mistakes before it changes anything.
    async fn resolve(&self, file: &str) -> Result<Option<String>, StackError>;

    /// Gives the swarm a stack's file (`docker stack deploy`); what changes nothing restarts nothing.
    /// Returns what Docker warns of.
    async fn deploy(&self, deployment: &Deployment<'_>) -> Result<Vec<String>, StackError>;

    /// Removes a stack's services, networks, secrets and configs (`docker stack rm`); its volumes stay.
    async fn remove(&self, name: &str) -> Result<(), StackError>;

    /// Makes a network that services can use (`POST /networks/create`).
    async fn create_network(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        setup: &NetworkSetup,
    ) -> Result<(), EngineError>;

    /// Takes a network, secret or config away (`DELETE /networks/<id>` …); refused while something uses
    /// it. One that is not there counts as taken away.
    async fn remove_object(&self, kind: Kind, id: &str) -> Result<(), EngineError>;

    /// Has the next deployment give a service the image of its file, also where somebody has given it
    /// another one since (`POST /services/<id>/update`).
    async fn forget_image(&self, service_id: &str) -> Result<(), EngineError>;
}
