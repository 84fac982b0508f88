//! Calls about stacks: the swarm's labels that tell which were deployed, and all that the swarm has of
//! them.

use std::collections::BTreeMap;

use bollard::models::SwarmSpec;
use bollard::query_parameters::UpdateSwarmOptions;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connection::READ_LIMIT;
use super::stack_object::{
    Labels, Material, Network, Service, left_behind, material, network, service,
};
use super::{Docker, convert, raw, swarm};
use crate::EngineError;
use crate::sentences::is_driver_of_one_machine;
use crate::stacks::Deployed;
use protocol::labels::STACK_LABEL;
use protocol::stacks::objects::{Kind, LocalNetwork, NetworkSetup};

/// `{"scope":["local"],"label":["com.docker.stack.namespace"]}`
const LOCAL: &str = "networks?filters=%7B%22scope%22%3A%5B%22local%22%5D%2C%22label%22%3A%5B%22com.docker.stack.namespace%22%5D%7D";

/// A network that no engine makes.
const NO_NETWORK: &str = "swarmlet-none";

impl Docker {
    /// What the swarm has of stacks.
    pub(crate) async fn stacks(&self) -> Result<Deployed, EngineError> {
        let spec = swarm::inspect(self).await?.spec.unwrap_or_default();
        let (services, networks, secrets, configs) = tokio::try_join!(
            self.list::<Service>("services"),
            self.list::<Network>("networks"),
            self.list::<Material>("secrets"),
            self.list::<Material>("configs"),
        )?;
        let (local, shared): (Vec<_>, Vec<_>) = networks
            .into_iter()
            .partition(|network| network.scope != "swarm");
        let objects = services
            .into_iter()
            .map(service)
            .chain(shared.into_iter().map(network))
            .chain(secrets.into_iter().map(|one| material(Kind::Secret, one)))
            .chain(configs.into_iter().map(|one| material(Kind::Config, one)));
        Ok(Deployed {
            notes: notes(&spec),
            objects: objects.collect(),
            local: local.into_iter().filter_map(left_behind).collect(),
        })
    }

    /// What earlier tries have left on this machine; any node knows that of itself.
    pub(crate) async fn local_networks(&self) -> Result<Vec<LocalNetwork>, EngineError> {
        let networks: Vec<Network> = self.list(LOCAL).await?;
        Ok(networks.into_iter().filter_map(left_behind).collect())
    }

    /// Whether a container is in a network of this machine, running or not.
    pub(crate) async fn has_containers(&self, network: &LocalNetwork) -> Result<bool, EngineError> {
        // One that never ran knows its network by the name only.
        let filter = json!({"network": [network.id, network.name]}).to_string();
        let filter: Vec<_> = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let call = format!("containers/json?all=true&filters={}", filter.concat());
        let containers: Vec<Value> = self.list(&call).await?;
        Ok(!containers.is_empty())
    }

    /// Whether a driver's networks are of one machine; none where that is not told. No list of Docker's has it. But the
    /// ingress network that is of one machine is refused before anything is made, by the first of two rules with a driver of
    /// the swarm, by the second with any other (moby `libnetwork/controller.go`, `NewNetwork`).
    pub(crate) async fn is_of_one_machine(
        &self,
        driver: &str,
    ) -> Result<Option<bool>, EngineError> {
        let body = json!({"Name": NO_NETWORK, "Driver": driver, "Scope": "local", "Ingress": true});
        match self.post("networks/create", &body).await {
            Err(EngineError::Refused { message, .. }) => Ok(is_driver_of_one_machine(&message)),
            Err(error) => Err(error),
            // An engine without these rules.
            Ok(()) => self
                .remove_object(Kind::Network, NO_NETWORK)
                .await
                .map(|()| None),
        }
    }

    /// Writes what the swarm's label says of a stack, or takes the label away.
    pub(crate) async fn note_stack(
        &self,
        name: &str,
        value: Option<String>,
    ) -> Result<(), EngineError> {
        let swarm = swarm::inspect(self).await?;
        // The version makes it a compare-and-swap: another writer in between wins.
        let options = UpdateSwarmOptions {
            version: convert::version(swarm.version)?,
            ..UpdateSwarmOptions::default()
        };
        let spec = noted(swarm.spec.unwrap_or_default(), name, value);
        let update = |c: bollard::Docker| async move { c.update_swarm(spec, options).await };
        self.call(READ_LIMIT, update).await
    }

    /// Makes a network that services can use.
    pub(crate) async fn create_network(
        &self,
        name: &str,
        labels: &Labels,
        setup: &NetworkSetup,
    ) -> Result<(), EngineError> {
        let blocks: Vec<_> = setup
            .subnets
            .iter()
            .map(|subnet| json!({"Subnet": subnet}))
            .collect();
        let body = json!({
            "Name": name,
            "Driver": setup.driver,
            "Attachable": setup.attachable,
            "Internal": setup.internal,
            "Options": setup.options,
            "Labels": labels,
            "IPAM": {"Config": blocks},
        });
        self.post("networks/create", &body).await
    }

    /// Takes a network, secret or config away; refused while something uses it.
    pub(crate) async fn remove_object(&self, kind: Kind, id: &str) -> Result<(), EngineError> {
        let call = format!("{kind}s/{id}");
        let gone = raw::send(
            &self.socket,
            Method::DELETE,
            &call,
            READ_LIMIT,
            String::new(),
        )
        .await;
        match gone {
            Err(EngineError::Refused { code: 404, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Has the next deployment give a service the image of its file: Docker keeps the one that it has
    /// while its own label names the file's, also after somebody has changed it by hand.
    pub(crate) async fn forget_image(&self, id: &str) -> Result<(), EngineError> {
        let mut service: Service = self.get(&format!("services/{id}")).await?;
        if let Some(label) = service.spec.pointer_mut("/Labels/com.docker.stack.image") {
            *label = json!("");
        }
        let version = service.version.index;
        let call = format!("services/{id}/update?version={version}");
        self.post(&call, &service.spec).await
    }

    /// All of one kind of the swarm's objects, as the engine's newest version tells them.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        what: &str,
    ) -> Result<Vec<T>, EngineError> {
        // Docker says null for no service at all.
        let list: Option<Vec<T>> = self.get(what).await?;
        Ok(list.unwrap_or_default())
    }

    async fn get<T: DeserializeOwned>(&self, call: &str) -> Result<T, EngineError> {
        let answer = raw::send(&self.socket, Method::GET, call, READ_LIMIT, String::new()).await?;
        let body = answer.bytes().await.map_err(|e| raw::sort(e, READ_LIMIT))?;
        let unreadable =
            |error| EngineError::Down(format!("its answer to {call} cannot be read: {error}"));
        serde_json::from_slice(&body).map_err(unreadable)
    }

    async fn post(&self, call: &str, body: &Value) -> Result<(), EngineError> {
        let sent = raw::send(
            &self.socket,
            Method::POST,
            call,
            READ_LIMIT,
            body.to_string(),
        );
        sent.await.map(drop)
    }
}

fn notes(spec: &SwarmSpec) -> BTreeMap<String, Option<protocol::stacks::Note>> {
    let labels = spec.labels.iter().flatten();
    let notes = labels.filter_map(|(key, value)| {
        let name = key.strip_prefix(STACK_LABEL)?;
        Some((name.to_owned(), value.parse().ok()))
    });
    notes.collect()
}

/// The same settings with or without the label. An update replaces all settings at once.
fn noted(mut spec: SwarmSpec, name: &str, value: Option<String>) -> SwarmSpec {
    let key = format!("{STACK_LABEL}{name}");
    let labels = spec.labels.get_or_insert_default();
    match value {
        Some(value) => drop(labels.insert(key, value)),
        None => drop(labels.remove(&key)),
    }
    spec
}

#[cfg(test)]
#[path = "stack_tests.rs"]
mod tests;
