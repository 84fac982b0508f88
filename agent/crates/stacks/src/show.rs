//! What is shown of stacks, and told when it changes.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{info, warn};

use super::compose::{Context, warnings};
use super::sources::Source;
use super::{Keeper, Outside, Overview};
use protocol::stacks::{Facts, Origin, Standing, names, standing};
use view::status::stacks::{Stack, StackState};

const FOREIGN: &str = "cannot deploy it: a stack of this name runs that was not deployed from here; \
                       remove it with `docker stack rm`, or use another name";
const OTHER_FILE: &str = "the file it was deployed from is not on this manager";
const UNKNOWN: &str =
    "Parameter Store, which it was deployed from, cannot be read, or may not be complete";

const MISSING: &str = "its source is gone: it goes too, unless another look finds it";

impl<O: Outside> Keeper<O> {
    /// Shows how all stacks stand, one of which may be the one that is deployed now.
    pub(super) fn show(&mut self, facts: &Facts, now: Option<&str>) {
        let before = self.line.shown.borrow().clone();
        let before: BTreeMap<&String, &Stack> =
            before.stacks.iter().map(|s| (&s.name, s)).collect();
        let entries = names(facts).into_iter();
        let entries = entries.filter_map(|name| {
            let stack = self.entry(facts, name, now == Some(name))?;
            Some(aged(stack, before.get(name).copied()))
        });
        let stacks: Vec<Stack> = entries.collect();
        for stack in &stacks {
            if before.get(&stack.name) != Some(&stack) {
                tell(stack);
            }
        }
        let troubles = [&self.sources.trouble, &self.logins.trouble];
        let troubles: Vec<&str> = troubles.into_iter().flatten().map(String::as_str).collect();
        let overview = Overview {
            stacks,
            registries: self.logins.shown(),
            trouble: (!troubles.is_empty()).then(|| troubles.join("; ")),
        };
        self.line.shown.send_if_modified(|shown| {
            let changes = *shown != overview;
            *shown = overview;
            changes
        });
    }

    fn entry(&self, facts: &Facts, name: &str, is_deploying: bool) -> Option<Stack> {
        let source = self.sources.get(name);
        let note = facts.notes.get(name).and_then(Option::as_ref);
        let failed = self.steps.failure(name);
        let (state, error) = match standing(facts, name) {
            Standing::Absent => return None,
            _ if is_deploying => (StackState::Deploying, None),
            Standing::Deployed | Standing::Unmarked => (StackState::Deployed, self.warned(name)),
            Standing::Deploy(_) | Standing::Drifted(_) if failed.is_some() => {
                (StackState::Failed, failed)
            }
            Standing::Deploy(_) | Standing::Drifted(_) => (StackState::Pending, None),
            Standing::RolledBack => (StackState::Failed, Some(rolled_back(facts, name))),
            Standing::Remove(_) => (StackState::Removing, failed),
            Standing::Missing(_) => (StackState::Kept, Some(MISSING.to_owned())),
            Standing::Broken => (
                StackState::Failed,
                source.and_then(|s| self.mistake(name, s)),
            ),
            Standing::Foreign => (StackState::Failed, Some(FOREIGN.to_owned())),
            Standing::Kept if note.is_some_and(|note| note.origin == Origin::File) => {
                (StackState::Kept, Some(OTHER_FILE.to_owned()))
            }
            Standing::Kept => (StackState::Kept, Some(UNKNOWN.to_owned())),
        };
        let wanted = source.and_then(Source::checked);
        let wanted = wanted.map(|(_, checked)| checked.digest.clone());
        Some(Stack {
            name: name.to_owned(),
            source: source.map_or_else(String::new, |source| source.place.clone()),
            digest: wanted.or_else(|| note.map(|note| note.digest.clone())),
            state,
            since: facts.now,
            error,
        })
    }

    /// What is wrong with a source, in itself or in this swarm.
    fn mistake(&self, name: &str, source: &Source) -> Option<String> {
        let lacks = |(_, checked)| self.lacks(name, source, checked).err();
        source
            .mistake()
            .or_else(|| source.checked().and_then(lacks))
    }

    fn warned(&self, name: &str) -> Option<String> {
        let source = self.sources.get(name)?;
        let (_, checked) = source.checked()?;
        let context = Context {
            stack: name,
            origin: source.origin,
            needs_version: false,
            local_drivers: &BTreeSet::new(),
            contents: &checked.contents,
            objects: Some(&self.deployed.objects),
        };
        let found = warnings(&checked.compose, &context);
        (!found.is_empty()).then(|| found.join("; also "))
    }
}

fn rolled_back(facts: &Facts, name: &str) -> String {
    let has = facts.present.get(name);
    let service = has
        .and_then(|has| has.rolled_back.clone())
        .unwrap_or_default();
    format!("service {service} was rolled back: the file is deployed again when it changes")
}

/// What stays as it is, is so since it was first seen.
fn aged(stack: Stack, before: Option<&Stack>) -> Stack {
    let since = before.map_or(stack.since, |before| before.since);
    let aged = Stack {
        since,
        ..stack.clone()
    };
    if before == Some(&aged) { aged } else { stack }
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
        StackState::Deployed if !error.is_empty() => {
            warn!(stack = name, error, "stack {name} is deployed, but {error}");
        }
        StackState::Deployed | StackState::Pending | StackState::Deploying => {}
    }
}
