//! What a stack's file says, as far as it is looked at before Docker gets it: which files it names, what
//! it needs of the swarm, and what Docker would refuse after half of it is done.

mod check;
mod interpolate;
mod named_files;
mod networks;
mod quotes;
mod read;
mod rename;
mod values;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use protocol::stacks::objects::{Kind, NetworkSetup};

pub(super) use check::{Context, NO_VERSION, foreign_drivers, problems, unseen, warnings};
pub(super) use named_files::{Contents, read as read_named};
pub(super) use networks::{differs, is_of};
pub(super) use values::Values;

/// The variables that a file may use.
pub(super) type Variables = [(&'static str, String)];
/// The driver of networks that services can use, and Docker's choice for them.
pub(super) const OVERLAY: &str = "overlay";
/// The network of services that name none.
const DEFAULT: &str = "default";

/// A stack's file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Compose {
    /// Its `version:`, if it has one.
    pub(super) version: Option<String>,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) networks: BTreeMap<String, Network>,
    pub(super) secrets: BTreeMap<String, Material>,
    pub(super) configs: BTreeMap<String, Material>,
}

/// A word of the file and its line, from 1 on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Service {
    pub(super) line: usize,
    pub(super) image: Option<String>,
    /// It is to be built, which a swarm does not do.
    pub(super) builds: bool,
    /// The keys of the networks that it is in; where there are none, it is in `default`.
    pub(super) networks: Vec<Word>,
    pub(super) secrets: Vec<Word>,
    pub(super) configs: Vec<Word>,
    /// Files with variables of its environment.
    pub(super) env_files: Vec<Word>,
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Network {
    pub(super) line: usize,
    /// Its name, where that is not `<stack>_<key>`.
    pub(super) name: Option<String>,
    /// It has to be there.
    pub(super) external: bool,
    pub(super) setup: NetworkSetup,
    pub(super) labels: BTreeMap<String, String>,
}

/// A network that is there because of a stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnNetwork {
    pub(super) setup: NetworkSetup,
    pub(super) labels: BTreeMap<String, String>,
    /// No service of the stack is in it, so that Docker does not make it.
    pub(super) shared: bool,
}

/// A secret or a config.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Material {
    pub(super) line: usize,
    pub(super) name: Option<String>,
    pub(super) external: bool,
    /// The file with its content.
    pub(super) file: Option<String>,
    /// All that is said of it, for saying it again with another name.
    pub(super) said: serde_json::Map<String, serde_json::Value>,
}

impl Compose {
    /// Reads a file. A mistake of form is none here: Docker says so itself.
    pub(super) fn read(text: &str, variables: &Variables) -> Result<Self, String> {
        let mut node = yaml::parse(text)?;
        interpolate::all(&mut node, variables);
        Ok(read::compose(&node))
    }

    /// The images of its services.
    pub(super) fn images(&self) -> impl Iterator<Item = &str> {
        let services = self.services.values();
        services.filter_map(|service| service.image.as_deref())
    }

    /// The keys of the networks that its services are in.
    pub(super) fn used_networks(&self) -> BTreeSet<&str> {
        let mut used = BTreeSet::new();
        for service in self.services.values() {
            used.extend(service.networks.iter().map(|word| word.text.as_str()));
            if service.networks.is_empty() {
                used.insert(DEFAULT);
            }
        }
        used
    }

    /// What it makes beside services, by kind and name.
    pub(super) fn makes(&self, stack: &str, contents: &Contents) -> BTreeSet<(Kind, String)> {
        let networks = self.own_networks(stack).into_keys();
        let networks = networks.map(|name| (Kind::Network, name));
        let materials = |kind: Kind, all: &BTreeMap<String, Material>| -> Vec<(Kind, String)> {
            let own = all.iter().filter(|(_, material)| !material.external);
            own.map(|(key, one)| (kind, rename::name(self, stack, (kind, key, one), contents)))
                .collect()
        };
        let secrets = materials(Kind::Secret, &self.secrets);
        let configs = materials(Kind::Config, &self.configs);
        networks.chain(secrets).chain(configs).collect()
    }

    /// The networks that are there because of it, by their names in the swarm: those of its services, and
    /// those that it declares and only other stacks use.
    pub(super) fn own_networks(&self, stack: &str) -> BTreeMap<String, OwnNetwork> {
        let used = self.used_networks();
        let own = |key: &str, network: &Network| {
            let network = OwnNetwork {
                setup: network.setup.clone(),
                labels: network.labels.clone(),
                shared: !used.contains(key),
            };
            // Docker makes no network that no service is in, so one of its machine's is no mistake.
            (!network.shared || network.setup.driver == OVERLAY).then_some(network)
        };
        let declared = self
            .networks
            .iter()
            .filter(|(_, network)| !network.external);
        let declared = declared.filter_map(|(key, network)| {
            Some((
                real_name(stack, key, network.name.as_ref()),
                own(key, network)?,
            ))
        });
        let is_implied = used.contains(DEFAULT) && !self.networks.contains_key(DEFAULT);
        let implied = is_implied.then(|| {
            let plain = own(DEFAULT, &read::plain_network())?;
            Some((real_name(stack, DEFAULT, None), plain))
        });
        declared.chain(implied.flatten()).collect()
    }

    /// The same file in other words for Docker: secrets and configs under names that hold their content;
    /// nothing where it has none.
    pub(super) fn renamed(&self, stack: &str, contents: &Contents) -> Option<String> {
        rename::overlay(self, stack, contents)
    }
}

/// The name of something in the swarm.
pub(super) fn real_name(stack: &str, key: &str, name: Option<&String>) -> String {
    name.map_or_else(|| format!("{stack}_{key}"), Clone::clone)
}

#[cfg(test)]
mod tests;
