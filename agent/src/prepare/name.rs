//! Which name a host gets: it is the node's name, so it has to tell nodes apart. Pure.
//!
//! Other scripts are not written in Latin letters here: the tables for that weigh half a megabyte.

use crate::identity::InstanceIdentity;

/// The longest name a host may have.
const LONGEST: usize = 63;
/// How much of an instance id tells nodes apart at a glance.
const SHORT_ID: usize = 8;
/// What hosts call themselves, and what they find in `/etc/hosts` by these names.
const RESERVED: [&str; 15] = [
    "localhost",
    "localhost4",
    "localhost6",
    "localdomain",
    "localdomain4",
    "localdomain6",
    "loopback",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
];

/// What follows from an instance's tags.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Choice {
    /// This name: nobody else has it.
    Settled(String),
    /// The first, unless another instance of the cluster is called so too; then the second.
    Shared(String, String),
}

/// The name by the `Name` tag, as far as host names allow. What another may be called too gets digits of the
/// instance's id: the name that a group gives to all of its members, and one that had to be changed.
pub(super) fn choose(node: &InstanceIdentity) -> Choice {
    let Some(name) = node.name.as_deref().and_then(usable) else {
        return Choice::Settled(fallback(node));
    };
    let distinct = distinct(&name, node);
    // Upper and lower case are no difference to names of hosts.
    let is_changed = node.name.as_deref().map(str::to_ascii_lowercase).as_ref() != Some(&name);
    if is_changed || node.group.is_some() || name.len() > LONGEST {
        Choice::Settled(distinct)
    } else {
        Choice::Shared(name, distinct)
    }
}

/// The name that earlier versions gave it.
pub(super) fn earlier(node: &InstanceIdentity) -> String {
    let named = node
        .name
        .as_deref()
        .map(label)
        .map(|name| cut(&name, LONGEST));
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| fallback(node))
}

/// Whether a text is a host's name as it is.
pub(super) fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && label(text) == text
}

/// `<cluster>-<role>-<digits of the instance id>`.
fn fallback(node: &InstanceIdentity) -> String {
    distinct(&format!("{}-{}", cluster(node), node.role), node)
}

/// Cut so that role and digits stay.
fn cluster(node: &InstanceIdentity) -> String {
    let end = node.role.as_str().len() + SHORT_ID + 2;
    cut(&label(node.cluster.as_str()), LONGEST - end)
}

/// With digits of the instance's id at its end, unless it has them already.
fn distinct(name: &str, node: &InstanceIdentity) -> String {
    let id = node.instance_id.trim_start_matches("i-");
    let digits = &id[..id.len().min(SHORT_ID)];
    if name.contains(digits) && name.len() <= LONGEST {
        return name.to_owned();
    }
    format!("{}-{digits}", cut(name, LONGEST - digits.len() - 1))
}

/// A text as one label of a host name, if it is one that a host can have.
fn usable(text: &str) -> Option<String> {
    let foreign = |c: char| c.is_alphanumeric() && !c.is_ascii();
    if text.chars().any(foreign) {
        return None;
    }
    let label = label(text);
    let has_letter = label.contains(|c: char| c.is_ascii_alphabetic());
    // The first label decides: localhost.localdomain is one of them too.
    let first = self::label(text.split('.').next().unwrap_or_default());
    let reserved = RESERVED.contains(&label.as_str()) || first == "localhost";
    (has_letter && !reserved && !is_number(&label)).then_some(label)
}

/// What programs take for an address: `0x7f000001`.
fn is_number(label: &str) -> bool {
    let digits = label.strip_prefix("0x");
    digits.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Letters, digits, and hyphens inside (RFC 1123), of whatever length.
fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => label.push(c),
            _ if !label.is_empty() && !label.ends_with('-') => label.push('-'),
            _ => {}
        }
    }
    cut(&label, label.len())
}

fn cut(label: &str, longest: usize) -> String {
    let end = label.len().min(longest);
    label[..end].trim_end_matches('-').to_owned()
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
