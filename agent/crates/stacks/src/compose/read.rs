//! From a tree to what is looked at, in both of Compose's notations for each thing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::yaml::{Node, Value};
use super::{Compose, Material, Network, OVERLAY, Service, Word};
use protocol::stacks::objects::NetworkSetup;

pub(super) fn compose(node: &Node) -> Compose {
    Compose {
        version: text(node, "version"),
        services: section(node, "services", service),
        networks: section(node, "networks", network),
        secrets: section(node, "secrets", material),
        configs: section(node, "configs", material),
    }
}

/// A network of which nothing is said.
pub(super) fn plain_network() -> Network {
    let setup = NetworkSetup {
        driver: OVERLAY.to_owned(),
        ..NetworkSetup::default()
    };
    Network {
        setup,
        ..Network::default()
    }
}

fn section<T>(node: &Node, name: &str, read: fn(&Node) -> T) -> BTreeMap<String, T> {
    let entries = node.get(name).into_iter().flat_map(Node::entries);
    entries
        .map(|(key, value)| (key.to_owned(), read(value)))
        .collect()
}

fn service(node: &Node) -> Service {
    Service {
        line: node.line,
        image: text(node, "image"),
        builds: node.get("build").is_some(),
        networks: words(node.get("networks"), None),
        secrets: words(node.get("secrets"), Some("source")),
        configs: words(node.get("configs"), Some("source")),
        env_files: words(node.get("env_file"), Some("path")),
    }
}

fn network(node: &Node) -> Network {
    let (external, name) = external(node);
    let setup = NetworkSetup {
        driver: text(node, "driver").unwrap_or_else(|| OVERLAY.to_owned()),
        attachable: node.get("attachable").is_some_and(Node::is_yes),
        internal: node.get("internal").is_some_and(Node::is_yes),
        options: pairs(node.get("driver_opts")),
        subnets: subnets(node).collect(),
    };
    Network {
        line: node.line,
        name,
        external,
        setup,
        labels: pairs(node.get("labels")),
    }
}

fn subnets(node: &Node) -> impl Iterator<Item = String> {
    let ipam = node.get("ipam").and_then(|ipam| ipam.get("config"));
    let blocks = ipam.map(Node::items).unwrap_or_default().iter();
    blocks.filter_map(|block| text(block, "subnet"))
}

fn material(node: &Node) -> Material {
    let (external, name) = external(node);
    let said = match json(node) {
        Json::Object(said) => said,
        _ => Map::new(),
    };
    Material {
        line: node.line,
        name,
        external,
        file: text(node, "file"),
        said,
    }
}

/// Whether a thing has to be there, and its name: `external: true`, or the older `external: {name: …}`.
fn external(node: &Node) -> (bool, Option<String>) {
    let name = text(node, "name");
    match node.get("external") {
        None => (false, name),
        Some(external) => match external.value {
            Value::Map(_) => (true, text(external, "name").or(name)),
            _ => (external.is_yes(), name),
        },
    }
}

fn text(node: &Node, key: &str) -> Option<String> {
    let text = node.get(key)?.text()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A word, a list of words or of mappings with the word under `key`, or the keys of a mapping.
fn words(node: Option<&Node>, key: Option<&str>) -> Vec<Word> {
    let Some(node) = node else {
        return Vec::new();
    };
    let word = |node: &Node| {
        let named = key.and_then(|key| node.get(key));
        let text = node.text().or_else(|| named?.text())?.to_owned();
        let line = node.line;
        Some(Word { text, line })
    };
    match &node.value {
        Value::List(items) => items.iter().filter_map(word).collect(),
        Value::Map(entries) => {
            let keys = entries.iter();
            keys.map(|(key, value)| Word {
                text: key.clone(),
                line: value.line,
            })
            .collect()
        }
        _ => word(node).into_iter().collect(),
    }
}

/// A mapping of texts, or a list of `key=value`.
fn pairs(node: Option<&Node>) -> BTreeMap<String, String> {
    let Some(node) = node else {
        return BTreeMap::new();
    };
    let mapped = node
        .entries()
        .map(|(key, value)| (key.to_owned(), value.text().unwrap_or_default().to_owned()));
    let listed = node.items().iter().filter_map(Node::text).map(|text| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        (key.to_owned(), value.to_owned())
    });
    mapped.chain(listed).collect()
}

/// As JSON, which YAML takes; texts that are written as such stay texts.
fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar(text) => Json::String(text.clone()),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            Json::Object(
                entries
                    .map(|(key, value)| (key.clone(), json(value)))
                    .collect(),
            )
        }
    }
}
