//! What Docker would refuse, told before anything is made, with the place and what to do about it.

use std::collections::BTreeSet;

use super::named_files::{Trouble, Use};
use super::{
    Compose, Contents, DEFAULT, Material, Network, OVERLAY, Service, Word, networks, real_name,
};
use protocol::stacks::Origin;
use protocol::stacks::objects::{Kind, Object};

/// The longest name of a service: it is a part of names that are resolved (swarmkit
/// `manager/controlapi/service.go`).
const LONGEST_SERVICE: usize = 63;
/// Docker's own drivers whose networks are of one machine.
const LOCAL: [&str; 6] = ["bridge", "host", "null", "none", "macvlan", "ipvlan"];
/// Networks that are there on every machine, and that services can use.
const EVERYWHERE: [&str; 2] = ["host", "bridge"];
/// Those that services cannot use: Docker's command takes them (docker/cli `container.NetworkMode.IsUserDefined`), the
/// swarm does not.
const OF_CONTAINERS: [&str; 2] = ["none", "default"];

/// What a file is held against.
pub(crate) struct Context<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// Where the file comes from.
    pub(crate) origin: Origin,
    /// Docker takes no file without a version.
    pub(crate) needs_version: bool,
    /// The drivers of other makers whose networks are of one machine.
    pub(crate) local_drivers: &'a BTreeSet<String>,
    /// What is in the files that it names.
    pub(crate) contents: &'a Contents,
    /// What the swarm has; none where that was not asked.
    pub(crate) objects: Option<&'a [Object]>,
}

/// All that Docker would refuse.
pub(crate) fn problems(compose: &Compose, context: &Context<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if context.needs_version && compose.version.is_none() {
        found.push(NO_VERSION.to_owned());
    }
    for (key, service) in &compose.services {
        found.extend(of_service(compose, key, service, context.stack));
    }
    for (key, network) in made_by_docker(compose) {
        let driver = &network.setup.driver;
        if LOCAL.contains(&driver.as_str()) || context.local_drivers.contains(driver) {
            found.push(local_driver(key, network));
        }
    }
    found.extend(
        context
            .contents
            .troubles
            .iter()
            .map(|t| of_file(t, context.origin)),
    );
    if let Some(objects) = context.objects {
        found.extend(missing(compose, objects));
        found.extend(networks::taken(compose, context.stack, objects));
    }
    found
}

/// What Docker does not refuse, and does not do either.
pub(crate) fn warnings(compose: &Compose, context: &Context<'_>) -> Vec<String> {
    let objects = context.objects.unwrap_or_default();
    networks::other_setups(compose, context.stack, objects)
}

pub(crate) const NO_VERSION: &str = "there is no `version:`, without which this Docker Engine reads no \
                                             stack file; write `version: \"3.8\"` at its top";

fn of_service(compose: &Compose, key: &str, service: &Service, stack: &str) -> Vec<String> {
    let at = format!("services.{key}, line {}", service.line);
    let mut found = Vec::new();
    if service.image.is_none() {
        let why = if service.builds {
            "a swarm does not build images; build it elsewhere, push it to a registry, and name it with `image:`"
        } else {
            "it has no image; name one with `image:`"
        };
        found.push(format!("{at}: {why}"));
    }
    let name = real_name(stack, key, None);
    if name.len() > LONGEST_SERVICE {
        found.push(format!(
            "{at}: its name in the swarm, {name}, is longer than {LONGEST_SERVICE} letters; shorten it, or the stack's"
        ));
    }
    let declared = |section: &str, words: &[Word], has: &dyn Fn(&str) -> bool| -> Vec<String> {
        let unknown = words.iter().filter(|word| !has(&word.text));
        unknown
            .map(|Word { text, line }| {
                format!(
                    "services.{key}.{section}, line {line}: there is no {text} below `{section}:` at the top level; \
                     declare it there"
                )
            })
            .collect()
    };
    let networks = |name: &str| name == DEFAULT || compose.networks.contains_key(name);
    found.extend(declared("networks", &service.networks, &networks));
    let secrets = |name: &str| compose.secrets.contains_key(name);
    found.extend(declared("secrets", &service.secrets, &secrets));
    let configs = |name: &str| compose.configs.contains_key(name);
    found.extend(declared("configs", &service.configs, &configs));
    found
}

/// Docker makes none that no service is in.
fn made_by_docker(compose: &Compose) -> impl Iterator<Item = (&String, &Network)> {
    let used = compose.used_networks();
    let networks = compose.networks.iter();
    networks.filter(move |(key, network)| used.contains(key.as_str()) && !network.external)
}

/// The drivers that are not Docker's own: only the engine knows of what their networks are.
pub(crate) fn foreign_drivers(compose: &Compose) -> BTreeSet<&String> {
    let drivers = made_by_docker(compose).map(|(_, network)| &network.setup.driver);
    drivers
        .filter(|driver| *driver != OVERLAY && !LOCAL.contains(&driver.as_str()))
        .collect()
}

/// The first thing that fails in a file that worked on one machine.
fn local_driver(key: &str, network: &Network) -> String {
    let driver = network.setup.driver.as_str();
    let cure = match driver {
        "host" => "write `external: true` and `name: host` in its place",
        _ => "leave `driver:` out, or write `driver: overlay`",
    };
    format!(
        "networks.{key}, line {}: the driver {driver} makes a network of one machine, which the services of a swarm \
         cannot use; {cure}",
        network.line
    )
}

fn of_file(trouble: &Trouble, origin: Origin) -> String {
    let Trouble { place, of, cause } = trouble;
    let cure = match (origin, of) {
        (Origin::File, _) => "lay it on every manager, beside the stack's file",
        (Origin::Parameter, Use::Environment(_)) => {
            "write the variables into the stack, below `environment:`"
        }
        (Origin::Parameter, Use::Content(..)) => {
            "make this once by hand and declare it with `external: true`"
        }
    };
    let instead = match origin {
        Origin::File => "",
        Origin::Parameter => ", or lay the stack itself and its files on every manager",
    };
    format!("{place}: {cause}; {cure}{instead}")
}

/// Of a text that only Docker can read nothing tells any more which files of variables it named.
pub(crate) fn unseen(text: &str, origin: Origin) -> Vec<String> {
    let lines = text.lines().enumerate();
    let named =
        lines.filter(|(_, line)| line.contains("env_file") && !line.trim_start().starts_with('#'));
    let told = named.map(|(index, _)| {
        let place = format!("line {}", index + 1);
        let cause = "an `env_file:` would be read on whichever manager leads".to_owned();
        let of = Use::Environment(String::new());
        of_file(&Trouble { place, of, cause }, origin)
    });
    told.filter(|_| origin == Origin::Parameter).collect()
}

/// What has to be there and is not.
fn missing(compose: &Compose, objects: &[Object]) -> Vec<String> {
    let has = |kind: Kind, name: &str| {
        objects
            .iter()
            .any(|object| object.kind == kind && object.name == name)
    };
    let used = compose.used_networks();
    let networks = compose.networks.iter().filter_map(|(key, network)| {
        let name = network.name.as_ref().unwrap_or(key);
        let is_needed = network.external && used.contains(key.as_str());
        let is_there = EVERYWHERE.contains(&name.as_str()) || has(Kind::Network, name);
        (is_needed && !is_there).then(|| {
            let line = network.line;
            if OF_CONTAINERS.contains(&name.as_str()) {
                return format!(
                    "networks.{key}, line {line}: the services of a swarm cannot use the network {name}; leave it out"
                );
            }
            format!(
                "networks.{key}, line {line}: the swarm has no network {name}; declare it in a stack of its own, or \
                 make it with `docker network create --driver overlay --attachable {name}`"
            )
        })
    });
    let materials = [
        (Kind::Secret, &compose.secrets),
        (Kind::Config, &compose.configs),
    ];
    let materials = materials.into_iter().flat_map(|(kind, all)| {
        all.iter().filter_map(move |(key, one)| {
            let is_needed = one.external && is_used(compose, kind, key);
            Some(absent(kind, key, one)).filter(|(name, _)| is_needed && !has(kind, name))
        })
    });
    networks.chain(materials.map(|(_, says)| says)).collect()
}

fn is_used(compose: &Compose, kind: Kind, key: &str) -> bool {
    compose.services.values().any(|service| {
        let words = match kind {
            Kind::Secret => &service.secrets,
            _ => &service.configs,
        };
        words.iter().any(|word| word.text == key)
    })
}

/// What is said of one that is not there, with its name.
fn absent(kind: Kind, key: &str, one: &Material) -> (String, String) {
    let name = one.name.clone().unwrap_or_else(|| key.to_owned());
    let says = format!(
        "{kind}s.{key}, line {}: the swarm has no {kind} {name}; make it with `docker {kind} create {name} FILE`",
        one.line
    );
    (name, says)
}
