//! A world without stacks: what runs on the swarm is no part of it.

use swarmlet::cloud::CloudError;
use swarmlet::cloud::depot::{Address, Depot, Fetched, RoleLogin};
use swarmlet::engine::EngineError;
use swarmlet::engine::stacks::{Credential, Deployed, StackError, Stacks};
use swarmlet::swarm::stacks::Note;

use super::Edge;

impl Stacks for Edge {
    async fn deployed(&self) -> Result<Deployed, EngineError> {
        Ok(Deployed::default())
    }

    async fn note(&self, name: &str, _: Option<&Note>) -> Result<(), EngineError> {
        unreachable!("{name} is no stack of this world")
    }

    async fn login(&self, credential: &Credential) -> Result<(), EngineError> {
        unreachable!("{} is no registry of this world", credential.host)
    }

    async fn resolve(&self, file: &str) -> Result<String, StackError> {
        unreachable!("{file} is no file of this world")
    }

    async fn deploy(
        &self,
        name: &str,
        _: &str,
        _: &[Credential],
    ) -> Result<Vec<String>, StackError> {
        unreachable!("{name} is no stack of this world")
    }

    async fn remove(&self, name: &str) -> Result<(), StackError> {
        unreachable!("{name} is no stack of this world")
    }
}

impl Depot for Edge {
    async fn object(&self, address: &Address, _: Option<&str>) -> Result<Fetched, CloudError> {
        unreachable!("{address} is no object of this world")
    }

    async fn role_login(&self, region: &str) -> Result<RoleLogin, CloudError> {
        unreachable!("{region} has no registry in this world")
    }
}
