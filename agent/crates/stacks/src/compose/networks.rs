//! The networks of a stack against those that the swarm has.

use super::{Compose, real_name};
use protocol::stacks::objects::{Kind, NetworkSetup, Object};

/// An option that Docker adds to every overlay network.
const VXLAN: &str = "com.docker.network.driver.overlay.vxlanid_list";

/// Docker makes no second network of a name, and takes none for a stack's that is another's or nobody's.
pub(super) fn taken(compose: &Compose, stack: &str, objects: &[Object]) -> Vec<String> {
    let used = compose.used_networks();
    let own = compose
        .networks
        .iter()
        .filter(|(key, network)| !network.external && used.contains(key.as_str()));
    own.filter_map(|(key, network)| {
        let name = real_name(stack, key, network.name.as_ref());
        let there = named(objects, &name)?;
        (!is_of(there, stack)).then(|| {
            format!(
                "networks.{key}, line {}: there is a network {name} that is not this stack's; declare it with \
                 `external: true`, or give this one another `name:`",
                network.line
            )
        })
    })
    .collect()
}

/// Whether a network was made for this stack.
pub(crate) fn is_of(network: &Object, stack: &str) -> bool {
    network.stack.as_deref() == Some(stack)
}

fn named<'a>(objects: &'a [Object], name: &str) -> Option<&'a Object> {
    objects
        .iter()
        .find(|object| object.kind == Kind::Network && object.name == name)
}

/// Docker takes a network of the right name as it is: what has changed in the file would have no effect.
pub(super) fn other_setups(compose: &Compose, stack: &str, objects: &[Object]) -> Vec<String> {
    let used_ids = |id: &String| objects.iter().any(|object| object.uses.contains(id));
    let networks = compose
        .networks
        .iter()
        .filter(|(_, network)| !network.external);
    networks
        .filter_map(|(key, network)| {
            let name = real_name(stack, key, network.name.as_ref());
            let there = named(objects, &name)?;
            let is = there.network.as_ref()?;
            let other = differs(is, &network.setup)?;
            // One of its own that nobody uses is made anew.
            let stays = !is_of(there, stack) || used_ids(&there.id);
            stays.then(|| {
                format!(
                    "networks.{key}, line {}: the network {name} is there with {other}, and Docker cannot change a \
                     network; give it another name with `name:`, or remove the stack first",
                    network.line
                )
            })
        })
        .collect()
}

/// In what a network is not what the file says.
pub(crate) fn differs(is: &NetworkSetup, wanted: &NetworkSetup) -> Option<String> {
    if is.driver != wanted.driver {
        return Some(format!("the driver {}", is.driver));
    }
    for (word, is, wanted) in [
        ("attachable", is.attachable, wanted.attachable),
        ("internal", is.internal, wanted.internal),
    ] {
        if is != wanted {
            return Some(format!("{word}: {is}"));
        }
    }
    let own = is.options.iter().filter(|(key, _)| *key != VXLAN);
    let wanted_options = wanted.options.iter().filter(|(key, _)| *key != VXLAN);
    if !own.eq(wanted_options) {
        return Some("other driver_opts".to_owned());
    }
    let is_other = !wanted.subnets.is_empty() && is.subnets != wanted.subnets;
    is_other.then(|| "other subnets".to_owned())
}
