//! Which stack the leader deploys or removes next.
//!
//! The truth about what was deployed is in the swarm itself, as a label per stack ([`Note`]): it outlives
//! leaders, and a new swarm of a later epoch has none, so that everything is deployed again. The label is
//! written before a deployment as *begun* and after it as *deployed*, with a number for what the swarm had
//! of the stack then: a leader that dies in between leaves one deployment to repeat, and what is removed
//! or changed by hand is noticed by the number.
//!
//! No step is repeated at once, whether it succeeded or not: the gaps grow while it is the same step.

mod facts;
mod note;
pub mod objects;
mod removal;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::pace::{Gaps, remaining};
pub use crate::stacks::facts::{Facts, Login, Missing, ResolveImage, Tried, Want, Wanted};
pub use crate::stacks::note::{Note, Origin, Stage};
pub use crate::stacks::objects::Present;
pub use crate::stacks::removal::{ALL_MISSING, MISSING, missing};
use crate::stacks::removal::{is_parameter, until_gone};

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
    if is_other && until_gone(facts, name).is_some() {
        return Standing::Kept;
    }
    if !is_done(note, want, facts.now) {
        return Standing::Deploy(due());
    }
    // A deployment takes the word of an earlier rollback away.
    if has.is_some_and(|has| has.rolled_back.is_some()) {
        return Standing::RolledBack;
    }
    let nothing = || objects::fingerprint(&[]);
    let fingerprint = has.map_or_else(nothing, |has| has.fingerprint);
    match note.objects {
        None if has.is_some_and(|has| has.services) => Standing::Unmarked,
        Some(left) if left == fingerprint => Standing::Deployed,
        _ => Standing::Drifted(due()),
    }
}

/// A stack goes when it has been missing for long enough, and one at a time.
fn removal(facts: &Facts, name: &str) -> Standing {
    match (until_gone(facts, name), held(facts, name, None)) {
        (Some(left), _) => Standing::Missing(left),
        (None, None) if facts.removed => Standing::Remove(Some(MISSING)),
        (None, left) => Standing::Remove(left),
    }
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
mod tests;
