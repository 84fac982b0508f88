//! Which stack the leader deploys or removes next.
//!
//! The truth about what was deployed is in the swarm itself, as a label per stack ([`Note`]): it outlives
//! leaders, and a new swarm of a later epoch has none, so that everything is deployed again. The label is
//! written before a deployment as *begun* and after it as *deployed*: a leader that dies in between leaves
//! one deployment to repeat, and repeating it changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::pace::{Gaps, remaining};
pub use super::stack_note::{Note, Stage};

/// Where a stack's file comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A folder of one manager, which the next leader may not have: its absence says nothing.
    File,
    /// Parameter Store, which is the same for all: its absence removes the stack.
    Parameter,
}

/// A user and password for a registry that a stack pulls from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Login {
    /// A parameter in this version.
    Password(u64),
    /// By the instance's role: it is renewed at a time that the note holds.
    Role,
}

/// What is wanted of one stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Want {
    /// Where it comes from.
    pub origin: Origin,
    /// SHA-256 of its file.
    pub digest: String,
    /// The registries it pulls from with a password, by their host.
    pub logins: BTreeMap<String, Login>,
}

/// What the sources say of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// This file.
    Stack(Want),
    /// An empty file: nothing of that name is to run.
    Nothing,
    /// There is one that cannot be used: what runs stays.
    Broken,
}

/// A step that did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// What was to be deployed; none if it was to be removed.
    pub of: Option<Want>,
    /// How often in a row.
    pub count: u32,
    /// How long ago the last time was.
    pub age: Duration,
}

/// All that the decision rests on.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the sources say, by name.
    pub wanted: BTreeMap<String, Wanted>,
    /// Whether Parameter Store has been read: before that, what it holds is unknown.
    pub complete: bool,
    /// What the swarm's labels say. A label that cannot be read is one of ours all the same.
    pub notes: BTreeMap<String, Option<Note>>,
    /// The stacks that have a service in the swarm, whoever deployed them.
    pub present: BTreeSet<String>,
    /// What did not succeed the last time.
    pub failures: BTreeMap<String, Failure>,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// One step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Give the swarm the file that is wanted.
    Deploy(String),
    /// Remove a stack of ours.
    Remove(String),
    /// Nothing is due, or not before this time.
    Wait(Option<Duration>),
}

/// How one stack stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// As wanted.
    Deployed,
    /// To be deployed, when this much of the gap after a failure has passed.
    Deploy(Option<Duration>),
    /// To be removed, likewise.
    Remove(Option<Duration>),
    /// Its source cannot be used.
    Broken,
    /// Somebody else's: one of that name runs, and was not deployed from here.
    Foreign,
    /// Ours, and nobody says what is to become of it.
    Kept,
    /// There is none, and none is wanted.
    Absent,
}

/// Between tries of a step that fails.
const GAPS: Gaps = Gaps::STACK;

/// Decides. The first name that something is due for comes first; one that fails keeps none waiting.
pub fn next(facts: &Facts) -> Step {
    let mut soonest: Option<Duration> = None;
    for name in names(facts) {
        let left = match standing(facts, name) {
            Standing::Deploy(None) => return Step::Deploy(name.clone()),
            Standing::Remove(None) => return Step::Remove(name.clone()),
            Standing::Deploy(left) | Standing::Remove(left) => left,
            Standing::Deployed => renewal(facts, name),
            _ => None,
        };
        soonest = soonest.into_iter().chain(left).min();
    }
    Step::Wait(soonest)
}

/// All names that anything is known of.
pub fn names(facts: &Facts) -> BTreeSet<&String> {
    facts.wanted.keys().chain(facts.notes.keys()).collect()
}

/// How one stack stands.
pub fn standing(facts: &Facts, name: &str) -> Standing {
    let note = facts.notes.get(name);
    match facts.wanted.get(name) {
        Some(Wanted::Broken) => Standing::Broken,
        Some(Wanted::Nothing) if note.is_none() => Standing::Absent,
        Some(Wanted::Nothing) => Standing::Remove(held(facts, name, None)),
        Some(Wanted::Stack(want)) => wanted(facts, name, want, note),
        None => unwanted(facts, name, note),
    }
}

fn wanted(facts: &Facts, name: &str, want: &Want, note: Option<&Option<Note>>) -> Standing {
    let due = || Standing::Deploy(held(facts, name, Some(want)));
    match note {
        None if facts.present.contains(name) => Standing::Foreign,
        // A file does not replace what Parameter Store may well still hold.
        Some(Some(note)) if is_file_over_parameter(want, note) && !facts.complete => Standing::Kept,
        Some(Some(note)) if is_done(note, want, facts.now) && facts.present.contains(name) => {
            Standing::Deployed
        }
        _ => due(),
    }
}

fn is_file_over_parameter(want: &Want, note: &Note) -> bool {
    (want.origin, note.origin) == (Origin::File, Origin::Parameter)
}

fn unwanted(facts: &Facts, name: &str, note: Option<&Option<Note>>) -> Standing {
    match note {
        None => Standing::Absent,
        Some(Some(note)) if note.origin == Origin::Parameter && facts.complete => {
            Standing::Remove(held(facts, name, None))
        }
        Some(_) => Standing::Kept,
    }
}

/// Whether the swarm has what is wanted, and with passwords that are good for a while.
fn is_done(note: &Note, want: &Want, now: u64) -> bool {
    let is_good = |(host, login): (&String, &Login)| match (login, note.logins.get(host)) {
        (Login::Password(version), Some(noted)) => version == noted,
        (Login::Role, Some(renewal)) => now < *renewal,
        (_, None) => false,
    };
    note.stage == Stage::Deployed
        && note.digest == want.digest
        && note.origin == want.origin
        && want.logins.iter().all(is_good)
}

/// How long until a password of the role has to be renewed.
fn renewal(facts: &Facts, name: &str) -> Option<Duration> {
    let (Some(Wanted::Stack(want)), Some(Some(note))) =
        (facts.wanted.get(name), facts.notes.get(name))
    else {
        return None;
    };
    let roles = want
        .logins
        .iter()
        .filter(|(_, login)| **login == Login::Role);
    let times = roles.filter_map(|(host, _)| note.logins.get(host));
    let left = times.map(|at| Duration::from_secs(at.saturating_sub(facts.now)));
    left.min()
}

/// What is left of the gap after a failure of the same step.
fn held(facts: &Facts, name: &str, want: Option<&Want>) -> Option<Duration> {
    let failure = facts.failures.get(name)?;
    let is_same = failure.of.as_ref() == want;
    is_same.then(|| remaining(GAPS.after(failure.count), failure.age))?
}

/// Whether a name can be a stack's: it becomes a part of its services' names, which other services
/// resolve.
pub fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    starts && name.len() <= 40 && name.chars().all(allowed)
}

#[cfg(test)]
#[path = "stacks_tests.rs"]
mod tests;
