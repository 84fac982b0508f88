//! What is shown of stacks, and told when it changes.

use std::collections::BTreeMap;

use tracing::{info, warn};

use super::Stacks;
use super::sources::{Content, Source};
use crate::report::stacks::{Registry, Stack, StackState};
use crate::swarm::stacks::{Facts, Origin, Standing, names, standing};

/// As last shown.
#[derive(Debug, Default)]
pub(in crate::run) struct Shown {
    stacks: BTreeMap<String, Stack>,
    registries: Vec<Registry>,
    trouble: Option<String>,
}

impl Shown {
    pub(in crate::run) fn stacks(&self) -> Vec<Stack> {
        self.stacks.values().cloned().collect()
    }

    pub(in crate::run) fn registries(&self) -> Vec<Registry> {
        self.registries.clone()
    }

    pub(in crate::run) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

const FOREIGN: &str = "cannot deploy it: a stack of this name runs that was not deployed from here; \
                       remove it with `docker stack rm`, or use another name";
const OTHER_FILE: &str = "the file it was deployed from is not on this manager";
const UNKNOWN: &str = "Parameter Store, which it was deployed from, cannot be read";

impl Stacks {
    /// Shows how all stacks stand.
    pub(super) fn show(&mut self, facts: &Facts) {
        let now = names(facts).into_iter();
        let now = now.filter_map(|name| Some((name.clone(), self.entry(facts, name)?)));
        let now: BTreeMap<String, Stack> = now.collect();
        for (name, stack) in &now {
            if self.shown.stacks.get(name) != Some(stack) {
                tell(stack);
            }
        }
        self.shown.stacks = now;
        self.shown.registries = self.logins.shown();
        let troubles = [&self.sources.trouble, &self.logins.trouble];
        let troubles: Vec<&str> = troubles.into_iter().flatten().map(String::as_str).collect();
        self.shown.trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
    }

    fn entry(&self, facts: &Facts, name: &str) -> Option<Stack> {
        let source = self.sources.get(name);
        let note = facts.notes.get(name).and_then(Option::as_ref);
        let failed = self.failures.get(name).map(|failed| failed.text.clone());
        let from_file = note.is_some_and(|note| note.origin == Origin::File);
        let (state, error) = match standing(facts, name) {
            Standing::Absent => return None,
            Standing::Deployed => (StackState::Deployed, None),
            Standing::Deploy(_) if failed.is_some() => (StackState::Failed, failed),
            Standing::Deploy(_) => (StackState::Pending, None),
            Standing::Remove(_) => (StackState::Removing, failed),
            Standing::Broken => (StackState::Failed, source.and_then(broken)),
            Standing::Foreign => (StackState::Failed, Some(FOREIGN.to_owned())),
            Standing::Kept if from_file => (StackState::Kept, Some(OTHER_FILE.to_owned())),
            Standing::Kept => (StackState::Kept, Some(UNKNOWN.to_owned())),
        };
        let wanted = source.and_then(digest);
        let stack = Stack {
            name: name.to_owned(),
            source: source.map_or_else(String::new, |source| source.place.clone()),
            digest: wanted.or_else(|| note.map(|note| note.digest.clone())),
            state,
            since: facts.now,
            error,
        };
        Some(self.aged(stack))
    }

    /// What stays as it is, is so since it was first seen.
    fn aged(&self, stack: Stack) -> Stack {
        let before = self.shown.stacks.get(&stack.name);
        let since = before.filter(|before| {
            let aged = Stack {
                since: before.since,
                ..stack.clone()
            };
            **before == aged
        });
        Stack {
            since: since.map_or(stack.since, |before| before.since),
            ..stack
        }
    }
}

fn broken(source: &Source) -> Option<String> {
    match &source.content {
        Content::Broken(cause) => Some(cause.clone()),
        Content::File(file) => file.hosts.clone().err(),
        Content::Nothing => None,
    }
}

fn digest(source: &Source) -> Option<String> {
    match &source.content {
        Content::File(file) => Some(file.digest.clone()),
        _ => None,
    }
}

/// A deployment is told when it happens.
fn tell(stack: &Stack) {
    let Stack { name, source, .. } = stack;
    let error = stack.error.as_deref().unwrap_or_default();
    match stack.state {
        StackState::Failed => warn!(
            stack = name,
            source,
            error,
            "stack {name} from {source} not deployed: {error}; what runs of it stays"
        ),
        StackState::Kept => info!(stack = name, "stack {name} kept as it is: {error}"),
        StackState::Removing if !error.is_empty() => {
            warn!(stack = name, error, "stack {name} not removed: {error}");
        }
        StackState::Removing => info!(stack = name, "stack {name} goes: its source is gone"),
        StackState::Deployed | StackState::Pending => {}
    }
}
