//! Calls about stacks: the swarm's labels that tell which were deployed, and all that the swarm has of
//! them. The lists are read as far as they are of use: a config's content is in them as well.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::SwarmSpec;
use bollard::query_parameters::UpdateSwarmOptions;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::connection::READ_LIMIT;
use super::{Docker, convert, raw, stack_image, swarm};
use crate::engine::EngineError;
use crate::engine::stacks::{Deployed, NAMESPACE, STACK_LABEL};
use crate::swarm::stack_objects::{Kind, LocalNetwork, NetworkSetup, Object};

type Labels = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    version: Version,
    spec: Value,
    previous_spec: Option<Value>,
    update_status: Option<UpdateStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateStatus {
    #[serde(default)]
    state: String,
    #[serde(default)]
    message: String,
}

/// A secret or a config.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Material {
    #[serde(rename = "ID")]
    id: String,
    spec: Annotations,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Annotations {
    name: String,
    labels: Option<Labels>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    id: String,
    name: String,
    scope: String,
    #[serde(default)]
    driver: String,
    #[serde(default)]
    attachable: bool,
    #[serde(default)]
    internal: bool,
    options: Option<Labels>,
    labels: Option<Labels>,
    #[serde(rename = "IPAM")]
    ipam: Option<Ipam>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipam {
    config: Option<Vec<Block>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Block {
    #[serde(default)]
    subnet: String,
}

impl Docker {
    /// What the swarm has of stacks.
    pub(in crate::engine) async fn stacks(&self) -> Result<Deployed, EngineError> {
        let spec = swarm::inspect(self).await?.spec.unwrap_or_default();
        let (services, networks, secrets, configs) = tokio::try_join!(
            self.list::<Service>("services"),
            self.list::<Network>("networks"),
            self.list::<Material>("secrets"),
            self.list::<Material>("configs"),
        )?;
        let (local, shared): (Vec<_>, Vec<_>) =
            networks.into_iter().partition(|network| network.scope != "swarm");
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

    /// Writes what the swarm's label says of a stack, or takes the label away.
    pub(in crate::engine) async fn note_stack(
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
    pub(in crate::engine) async fn create_network(
        &self,
        name: &str,
        labels: &Labels,
        setup: &NetworkSetup,
    ) -> Result<(), EngineError> {
        let blocks: Vec<_> = setup.subnets.iter().map(|subnet| json!({"Subnet": subnet})).collect();
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
    pub(in crate::engine) async fn remove_object(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<(), EngineError> {
        let call = format!("{kind}s/{id}");
        let gone = raw::send(&self.socket, Method::DELETE, &call, READ_LIMIT, String::new()).await;
        match gone {
            Err(EngineError::Refused { code: 404, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Has the next deployment give a service the image of its file: Docker keeps the one that it has
    /// while its own label names the file's, also after somebody has changed it by hand.
    pub(in crate::engine) async fn forget_image(&self, id: &str) -> Result<(), EngineError> {
        let mut service: Service = self.get(&format!("services/{id}")).await?;
        if let Some(label) = service.spec.pointer_mut("/Labels/com.docker.stack.image") {
            *label = json!("");
        }
        let version = service.version.index;
        let call = format!("services/{id}/update?version={version}");
        self.post(&call, &service.spec).await
    }

    async fn list<T: DeserializeOwned>(&self, what: &str) -> Result<Vec<T>, EngineError> {
        // Docker says null for no service at all.
        let list: Option<Vec<T>> = self.get(what).await?;
        Ok(list.unwrap_or_default())
    }

    async fn get<T: DeserializeOwned>(&self, call: &str) -> Result<T, EngineError> {
        let answer = raw::send(&self.socket, Method::GET, call, READ_LIMIT, String::new()).await?;
        let body = answer.bytes().await.map_err(|e| raw::sort(e, READ_LIMIT))?;
        let unreadable = |error| EngineError::Down(format!("its answer to {call} cannot be read: {error}"));
        serde_json::from_slice(&body).map_err(unreadable)
    }

    async fn post(&self, call: &str, body: &Value) -> Result<(), EngineError> {
        let sent = raw::send(&self.socket, Method::POST, call, READ_LIMIT, body.to_string());
        sent.await.map(drop)
    }
}

fn notes(spec: &SwarmSpec) -> BTreeMap<String, Option<crate::swarm::stacks::Note>> {
    let labels = spec.labels.iter().flatten();
    let notes = labels.filter_map(|(key, value)| {
        let name = key.strip_prefix(STACK_LABEL)?;
        Some((name.to_owned(), value.parse().ok()))
    });
    notes.collect()
}

fn service(service: Service) -> Object {
    let text = |pointer: &str| {
        let found = service.spec.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let label = |key: &str| service.spec["Labels"][key].as_str().map(str::to_owned);
    let wanted = label("com.docker.stack.image").unwrap_or_default();
    let image = text("/TaskTemplate/ContainerSpec/Image");
    let status = service.update_status.as_ref();
    let rolled = status.filter(|status| status.state.starts_with("rollback"));
    let specs = [Some(&service.spec), service.previous_spec.as_ref()];
    Object {
        kind: Kind::Service,
        name: text("/Name"),
        stack: label(NAMESPACE),
        mark: mark(&service.spec),
        uses: specs.into_iter().flatten().flat_map(uses).collect(),
        rolled_back: rolled.map(|status| status.message.clone()),
        other_image: !wanted.is_empty() && !stack_image::is_of(&image, &wanted),
        network: None,
        id: service.id,
    }
}

/// All that is set of a service, as one word; but for how often a restart was asked for.
fn mark(spec: &Value) -> String {
    let mut spec = spec.clone();
    if let Some(task) = spec.pointer_mut("/TaskTemplate").and_then(Value::as_object_mut) {
        task.remove("ForceUpdate");
    }
    let digest = Sha256::digest(spec.to_string().as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The ids of the networks, secrets and configs in a service's specification.
fn uses(spec: &Value) -> BTreeSet<String> {
    const PLACES: [(&str, &str); 4] = [
        ("/Networks", "Target"),
        ("/TaskTemplate/Networks", "Target"),
        ("/TaskTemplate/ContainerSpec/Secrets", "SecretID"),
        ("/TaskTemplate/ContainerSpec/Configs", "ConfigID"),
    ];
    let ids = PLACES.into_iter().flat_map(|(place, key)| {
        let list = spec.pointer(place).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(move |one| one[key].as_str())
    });
    let credentials = "/TaskTemplate/ContainerSpec/Privileges/CredentialSpec/Config";
    let credentials = spec.pointer(credentials).and_then(Value::as_str);
    ids.chain(credentials).map(str::to_owned).collect()
}

fn material(kind: Kind, one: Material) -> Object {
    Object {
        kind,
        mark: one.id.clone(),
        id: one.id,
        name: one.spec.name,
        stack: one.spec.labels.and_then(|mut labels| labels.remove(NAMESPACE)),
        uses: BTreeSet::new(),
        rolled_back: None,
        other_image: false,
        network: None,
    }
}

fn network(network: Network) -> Object {
    let blocks = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    let setup = NetworkSetup {
        driver: network.driver,
        attachable: network.attachable,
        internal: network.internal,
        options: network.options.unwrap_or_default(),
        subnets: blocks.into_iter().map(|block| block.subnet).collect(),
    };
    let annotations = Annotations {
        name: network.name,
        labels: network.labels,
    };
    let one = Material {
        id: network.id,
        spec: annotations,
    };
    Object {
        network: Some(setup),
        ..material(Kind::Network, one)
    }
}

fn left_behind(network: Network) -> Option<LocalNetwork> {
    Some(LocalNetwork {
        stack: network.labels?.remove(NAMESPACE)?,
        id: network.id,
        name: network.name,
    })
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
