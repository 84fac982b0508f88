//! When a stack is removed: never on one look.
//!
//! A list of parameters is no snapshot, and a parameter that is replaced is away for half a minute, as AWS
//! itself recommends after a deletion.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::stacks::facts::{Facts, Wanted};
use crate::stacks::note::{Note, Origin};

/// What a stack is removed after: complete looks without it, this far apart. Lists of parameters are no
/// snapshots, and a parameter that is replaced is away for half a minute.
pub const MISSING: Duration = Duration::from_mins(1);
/// The same where all of several stacks are missing at once, which is more often a mistake.
pub const ALL_MISSING: Duration = Duration::from_mins(3);
const LOOKS: u32 = 2;

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

/// How long it takes yet until a stack may go; none if it may now.
pub(super) fn until_gone(facts: &Facts, name: &str) -> Option<Duration> {
    let seen = facts.missing.get(name);
    let lasted = seen.map_or(Duration::ZERO, |missing| missing.lasted);
    let is_gone = facts.complete && seen.is_some_and(|missing| missing.looks >= LOOKS);
    let left = patience(facts).saturating_sub(lasted);
    (!is_gone || !left.is_zero()).then(|| left.max(Duration::from_secs(1)))
}

fn patience(facts: &Facts) -> Duration {
    let from_there = || {
        facts
            .notes
            .iter()
            .filter(|(_, note)| is_parameter(note.as_ref()))
    };
    let all = from_there().all(|(name, _)| facts.missing.contains_key(name));
    if all && from_there().count() > 1 {
        ALL_MISSING
    } else {
        MISSING
    }
}

pub(super) fn is_parameter(note: Option<&Note>) -> bool {
    note.is_some_and(|note| note.origin == Origin::Parameter)
}
