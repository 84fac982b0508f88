//! Which stack the leader deploys or removes next.
//!
//! The truth about what was deployed is in the swarm itself, as a label per stack ([`Note`]): it outlives
//! leaders, and a new swarm of a later epoch has none, so that everything is deployed again. The label is
//! written before a deployment as *begun* and after it as *deployed*, with a number for what the swarm had
//! of the stack then: a leader that dies in between leaves one deployment to repeat, and what is removed
//! or changed by hand is noticed by the number.
//!
//! No step is repeated at once, whether it succeeded or not: the gaps grow while it is the same step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::pace::{Gaps, remaining};
pub use super::stack_note::{Note, Stage};
pub use super::stack_objects::Present;

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

/// Which images Docker looks up at their registry, for the digest of their tag and the platforms they
/// are for (`docker stack deploy --resolve-image`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResolveImage {
    /// All, at every deployment.
    Always,
    /// Those whose name is new or has changed.
    #[default]
    Changed,
    /// None: for nodes that have their images and no way to a registry.
    Never,
}

impl ResolveImage {
    /// Docker's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Changed => "changed",
            Self::Never => "never",
        }
    }
}

/// What is wanted of one stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Want {
    /// Where it comes from.
    pub origin: Origin,
    /// SHA-256 of its file, and of the files that it names.
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

/// A step that was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tried {
    /// What was to be deployed; none if it was to be removed.
    pub of: Option<Want>,
    /// How often in a row.
    pub count: u32,
    /// How long ago the last time was.
    pub age: Duration,
}

/// What looks at Parameter Store have found missing there, or at all sources to be empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Missing {
    /// In how many complete looks in a row.
    pub looks: u32,
    /// How far apart the first and the last of them were.
    pub lasted: Duration,
}

/// All that the decision rests on.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the sources say, by name.
    pub wanted: BTreeMap<String, Wanted>,
    /// Whether Parameter Store has been read: before that, what it holds is unknown.
    pub complete: bool,
    /// The stacks that are missing, by name: see [`missing`].
    pub missing: BTreeMap<String, Missing>,
    /// A stack was removed since the last look at the sources.
    pub removed: bool,
    /// What the swarm's labels say. A label that cannot be read is one of ours all the same.
    pub notes: BTreeMap<String, Option<Note>>,
    /// What the swarm has, by stack.
    pub present: BTreeMap<String, Present>,
    /// The last step of each.
    pub tried: BTreeMap<String, Tried>,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// One step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Give the swarm the file that is wanted.
    Deploy(String),
    /// Note what the swarm has of a stack that an earlier version of the agent has deployed.
    Adopt(String),
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
    /// As wanted, but for the number that tells later whether it still is.
    Unmarked,
    /// To be deployed, when this much of the gap after the last time has passed.
    Deploy(Option<Duration>),
    /// Deployed as wanted, and not as it was left: something was removed or changed. To be deployed
    /// again, likewise.
    Drifted(Option<Duration>),
    /// Docker or a person has rolled a service of it back: deployed again when its file changes.
    RolledBack,
    /// To be removed, likewise.
    Remove(Option<Duration>),
    /// To be removed if it stays missing.
    Missing(Duration),
    /// Its source cannot be used.
    Broken,
    /// Somebody else's: one of that name runs, and was not deployed from here.
    Foreign,
    /// Ours, and nobody says what is to become of it.
    Kept,
    /// There is none, and none is wanted.
    Absent,
}

/// Between the same steps.
const GAPS: Gaps = Gaps::STACK;
/// A step that was taken this long ago counts for no later one.
pub const FORGOTTEN: Duration = Duration::from_hours(1);
/// What a stack is removed after: complete looks without it, this far apart. Lists of parameters are no
/// snapshots, and a parameter that is replaced is away for half a minute.
pub const MISSING: Duration = Duration::from_mins(1);
/// The same where all of several stacks are missing at once, which is more often a mistake.
pub const ALL_MISSING: Duration = Duration::from_mins(3);
const LOOKS: u32 = 2;

/// Decides. The first name that something is due for comes first; one that fails keeps none waiting.
pub fn next(facts: &Facts) -> Step {
    let mut soonest: Option<Duration> = None;
    for name in names(facts) {
        let left = match standing(facts, name) {
            Standing::Deploy(None) | Standing::Drifted(None) => return Step::Deploy(name.clone()),
            Standing::Unmarked => return Step::Adopt(name.clone()),
            Standing::Remove(None) => return Step::Remove(name.clone()),
            Standing::Deploy(left) | Standing::Drifted(left) | Standing::Remove(left) => left,
            Standing::Missing(left) => Some(left),
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

/// The stacks that a complete look at the sources finds missing: from Parameter Store and not there any
/// more, or with a source that is empty.
pub fn missing(facts: &Facts) -> BTreeSet<String> {
    let is_missing = |(name, note): &(&String, &Option<Note>)| match facts.wanted.get(*name) {
        Some(Wanted::Nothing) => true,
        Some(Wanted::Broken) => false,
        Some(Wanted::Stack(want)) => is_parameter(note.as_ref()) && want.origin == Origin::File,
        None => is_parameter(note.as_ref()),
    };
    let missing = facts.notes.iter().filter(is_missing);
    missing.map(|(name, _)| name.clone()).collect()
}

/// How one stack stands.
pub fn standing(facts: &Facts, name: &str) -> Standing {
    let note = facts.notes.get(name);
    match (facts.wanted.get(name), note) {
        (Some(Wanted::Broken), _) => Standing::Broken,
        (Some(Wanted::Nothing) | None, None) => Standing::Absent,
        (Some(Wanted::Nothing), Some(_)) => removal(facts, name),
        (Some(Wanted::Stack(want)), note) => wanted(facts, name, want, note),
        (None, Some(note)) if is_parameter(note.as_ref()) && facts.complete => removal(facts, name),
        (None, Some(_)) => Standing::Kept,
    }
}

fn wanted(facts: &Facts, name: &str, want: &Want, note: Option<&Option<Note>>) -> Standing {
    let has = facts.present.get(name);
    let due = || held(facts, name, Some(want));
    let note = match note {
        None if has.is_some_and(|has| has.services) => return Standing::Foreign,
        None | Some(None) => return Standing::Deploy(due()),
        Some(Some(note)) => note,
    };
    // A file does not replace what Parameter Store may well still hold.
    let is_other = (want.origin, note.origin) == (Origin::File, Origin::Parameter);
    if is_other && !is_gone(facts, name) {
        return Standing::Kept;
    }
    if !is_done(note, want, facts.now) {
        return Standing::Deploy(due());
    }
    // A deployment takes the word of an earlier rollback away.
    if has.is_some_and(|has| has.rolled_back.is_some()) {
        return Standing::RolledBack;
    }
    let nothing = || super::stack_objects::fingerprint(&[]);
    let fingerprint = has.map_or_else(nothing, |has| has.fingerprint);
    match note.objects {
        None if has.is_some_and(|has| has.services) => Standing::Unmarked,
        Some(left) if left == fingerprint => Standing::Deployed,
        _ => Standing::Drifted(due()),
    }
}

fn is_parameter(note: Option<&Note>) -> bool {
    note.is_some_and(|note| note.origin == Origin::Parameter)
}

/// A stack goes when it has been missing for long enough, and one at a time.
fn removal(facts: &Facts, name: &str) -> Standing {
    if !is_gone(facts, name) {
        let seen = facts.missing.get(name).map_or(Duration::ZERO, |missing| missing.lasted);
        return Standing::Missing(patience(facts).saturating_sub(seen).max(Duration::from_secs(1)));
    }
    match held(facts, name, None) {
        None if facts.removed => Standing::Remove(Some(MISSING)),
        left => Standing::Remove(left),
    }
}

/// Whether complete looks have said for long enough that it is missing.
fn is_gone(facts: &Facts, name: &str) -> bool {
    let is_long = |missing: &Missing| missing.looks >= LOOKS && missing.lasted >= patience(facts);
    facts.complete && facts.missing.get(name).is_some_and(is_long)
}

fn patience(facts: &Facts) -> Duration {
    let from_there = || facts.notes.iter().filter(|(_, note)| is_parameter(note.as_ref()));
    let all = from_there().all(|(name, _)| facts.missing.contains_key(name));
    if all && from_there().count() > 1 { ALL_MISSING } else { MISSING }
}

/// Whether the swarm was given what is wanted, and with passwords that are good for a while.
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

/// What is left of the gap after the same step.
fn held(facts: &Facts, name: &str, want: Option<&Want>) -> Option<Duration> {
    let tried = facts.tried.get(name)?;
    let is_same = tried.of.as_ref() == want;
    is_same.then(|| remaining(GAPS.after(tried.count), tried.age))?
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
