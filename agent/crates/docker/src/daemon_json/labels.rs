//! The engine's labels: the user's, those of our settings, and the instance's id.

use serde_json::{Map, Value};

use super::{Keys, Wanted};
use protocol::labels::{DEPARTING_LABEL, INSTANCE_LABEL};

/// Docker keeps these to itself: an engine that is given one does not start.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];
/// What the names of the agent's own labels start with.
const OWN: &str = "swarmlet.";

/// The labels that the engine is to have.
pub(super) struct Labels {
    /// All of them; none where they are flags, which excludes the key.
    pub(super) all: Option<Value>,
    /// Those that came from our settings.
    pub(super) added: Vec<Value>,
}

/// Of labels with the same key the user's stays, for the engine does not start with two; then
/// comes the one in `engine.daemon`. The instance's id is this instance's only. Labels that are
/// no list are Docker's to complain about.
pub(super) fn settle(current: &Keys, wanted: &Wanted<'_>, recorded: &Keys) -> Labels {
    if let Some(other) = current.get("labels").filter(|labels| !labels.is_array()) {
        let (all, added) = (Some(other.clone()), Vec::new());
        return Labels { all, added };
    }
    let mut all = users(current, recorded);
    let mut added = Vec::new();
    if wanted.flags.has("labels") {
        // A label of the user's beside a flag of the user's is the user's to mend.
        let all = Some(all).filter(|all| !all.is_empty()).map(Value::Array);
        return Labels { all, added };
    }
    for label in given(wanted) {
        if !all.iter().any(|other| key(other) == key(&label)) {
            all.push(label.clone());
            added.push(label);
        }
    }
    all.push(Value::String(format!(
        "{INSTANCE_LABEL}={}",
        wanted.instance_id
    )));
    let all = Some(Value::Array(all));
    Labels { all, added }
}

/// Those that nobody has added.
fn users(current: &Keys, recorded: &Keys) -> Vec<Value> {
    let ours = list(recorded);
    let is_ours = |label: &Value| {
        // A departure does not outlive the boot it was announced in, or is announced again.
        let own = [INSTANCE_LABEL, DEPARTING_LABEL];
        ours.contains(label) || own.iter().any(|key| has_key(label, key))
    };
    let all = list(current).into_iter();
    all.filter(|label| !is_ours(label)).collect()
}

/// Puts the instance's id in the place of another's.
pub(super) fn relabel(keys: &mut Keys, instance_id: &str) {
    let mut all = list(keys);
    all.retain(|label| !has_key(label, INSTANCE_LABEL));
    let own = format!("{INSTANCE_LABEL}={instance_id}");
    all.push(Value::String(own));
    keys.insert("labels".to_owned(), Value::Array(all));
}

/// Leaves those that nobody has added, or no key.
pub(super) fn withdraw(keys: &mut Keys, recorded: &Keys) {
    let users = users(keys, recorded);
    if users.is_empty() {
        keys.remove("labels");
    } else {
        keys.insert("labels".to_owned(), Value::Array(users));
    }
}

/// Those that were flags, and those of our settings.
fn given(wanted: &Wanted<'_>) -> Vec<Value> {
    let named = wanted.labels.iter().filter(|(key, _)| is_free(key));
    let named = named.map(|(key, value)| Value::String(format!("{key}={value}")));
    let moved = wanted.moved.iter().cloned().map(Value::String);
    let mut given: Vec<Value> = moved.chain(list(&wanted.extra)).collect();
    given.retain(|label| {
        ![INSTANCE_LABEL, DEPARTING_LABEL]
            .iter()
            .any(|key| has_key(label, key))
    });
    given.extend(named);
    given
}

fn is_free(key: &str) -> bool {
    let taken = RESERVED
        .iter()
        .chain(&[OWN])
        .any(|start| key.starts_with(start));
    if taken {
        tracing::warn!(
            label = key,
            "no engine label: names that start like this are kept for others"
        );
    }
    !taken
}

fn list(keys: &Keys) -> Vec<Value> {
    let labels = keys.get("labels").and_then(Value::as_array);
    labels.cloned().unwrap_or_default()
}

fn key(label: &Value) -> &str {
    let text = label.as_str().unwrap_or_default();
    text.split_once('=').map_or(text, |(key, _)| key)
}

pub(super) fn has_key(label: &Value, key: &str) -> bool {
    let text = label.as_str().unwrap_or_default();
    text.strip_prefix(key)
        .is_some_and(|rest| rest.starts_with('='))
}

/// The instance that the engine's labels name, if they name one.
pub fn labelled_instance(keys: &Map<String, Value>) -> Option<&str> {
    let labels = keys.get("labels")?.as_array()?;
    labels.iter().find_map(|label| {
        label
            .as_str()?
            .strip_prefix(INSTANCE_LABEL)?
            .strip_prefix('=')
    })
}
