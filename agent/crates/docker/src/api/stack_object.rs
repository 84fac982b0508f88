//! What the swarm has of stacks, as Docker lists it. The lists are read as far as they are of use: a
//! config's content is in them as well.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::stack_image;
use crate::stacks::NAMESPACE;
use protocol::stacks::objects::{Kind, LocalNetwork, NetworkSetup, Object};

pub(super) type Labels = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Service {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) spec: Value,
    previous_spec: Option<Value>,
    update_status: Option<UpdateStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Version {
    pub(super) index: u64,
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
pub(super) struct Material {
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
pub(super) struct Network {
    id: String,
    name: String,
    pub(super) scope: String,
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

pub(super) fn service(service: Service) -> Object {
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
    if let Some(task) = spec
        .pointer_mut("/TaskTemplate")
        .and_then(Value::as_object_mut)
    {
        task.remove("ForceUpdate");
    }
    format!("{:x}", Sha256::digest(spec.to_string().as_bytes()))
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
        list.into_iter()
            .flatten()
            .filter_map(move |one| one[key].as_str())
    });
    let credentials = "/TaskTemplate/ContainerSpec/Privileges/CredentialSpec/Config";
    let credentials = spec.pointer(credentials).and_then(Value::as_str);
    ids.chain(credentials).map(str::to_owned).collect()
}

pub(super) fn material(kind: Kind, one: Material) -> Object {
    Object {
        kind,
        mark: one.id.clone(),
        id: one.id,
        name: one.spec.name,
        stack: one
            .spec
            .labels
            .and_then(|mut labels| labels.remove(NAMESPACE)),
        uses: BTreeSet::new(),
        rolled_back: None,
        other_image: false,
        network: None,
    }
}

pub(super) fn network(network: Network) -> Object {
    let blocks = network
        .ipam
        .and_then(|ipam| ipam.config)
        .unwrap_or_default();
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

pub(super) fn left_behind(network: Network) -> Option<LocalNetwork> {
    Some(LocalNetwork {
        stack: network.labels?.remove(NAMESPACE)?,
        id: network.id,
        name: network.name,
    })
}

#[cfg(test)]
#[path = "stack_object_tests.rs"]
mod tests;
