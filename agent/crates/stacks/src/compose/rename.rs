//! Names that hold the content: Docker cannot change a secret or config, so another content is another
//! one, and the services that use it are updated to it.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Compose, Contents, Material, real_name};
use protocol::stacks::objects::Kind;

/// Docker's limit for the name of a secret or config (swarmkit `manager/controlapi/common.go`).
const LONGEST: usize = 64;
/// Digits of the content in a name.
const DIGITS: usize = 12;
/// The first version of the format in which a secret or config can be given a name.
const NAMED_SINCE: (u32, u32) = (3, 5);

/// The name of a secret or config in the swarm. One with a name of its own keeps it.
pub(super) fn name(
    compose: &Compose,
    stack: &str,
    (kind, key, one): (Kind, &str, &Material),
    contents: &Contents,
) -> String {
    let plain = real_name(stack, key, one.name.as_ref());
    let renames = one.name.is_none() && can_name(compose.version.as_deref());
    match contents.of(kind, key).filter(|_| renames) {
        None => plain,
        Some(content) => {
            // Two that are cut off at the same place, and have the same content, are two.
            let digest = format!(
                "{:x}",
                Sha256::digest(format!("{key}\n{content}").as_bytes())
            );
            let kept = LONGEST - DIGITS - 1;
            let plain: String = plain.chars().take(kept).collect();
            format!("{plain}_{}", &digest[..DIGITS])
        }
    }
}

/// A second file for Docker beside the first: every secret and config with a content again, under its
/// name. Of two files Docker wants the same version.
pub(super) fn overlay(compose: &Compose, stack: &str, contents: &Contents) -> Option<String> {
    if !can_name(compose.version.as_deref()) {
        return None;
    }
    let mut file = Map::new();
    for (kind, section, all) in [
        (Kind::Secret, "secrets", &compose.secrets),
        (Kind::Config, "configs", &compose.configs),
    ] {
        let renamed = all.iter().filter(|(key, one)| {
            one.name.is_none() && !one.external && contents.of(kind, key).is_some()
        });
        let renamed: Map<String, Value> = renamed
            .map(|(key, one)| {
                let mut said = one.said.clone();
                // Here all is text, and Docker takes no text for it; what it says is that there is a content.
                said.remove("external");
                let name = name(compose, stack, (kind, key, one), contents);
                said.insert("name".to_owned(), json!(name));
                (key.clone(), Value::Object(said))
            })
            .collect();
        if !renamed.is_empty() {
            file.insert(section.to_owned(), Value::Object(renamed));
        }
    }
    if file.is_empty() {
        return None;
    }
    if let Some(version) = &compose.version {
        file.insert("version".to_owned(), json!(version));
    }
    // Docker replaces variables in this one too.
    Some(Value::Object(file).to_string().replace('$', "$$"))
}

/// Whether the format of this version knows names; one without a version is the newest.
fn can_name(version: Option<&str>) -> bool {
    let Some(version) = version else {
        return true;
    };
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => (major, minor) >= NAMED_SINCE,
        _ => false,
    }
}
