//! Every row, and what holds for all facts.

use std::collections::BTreeMap;

mod missing;
mod properties;

use super::*;
use crate::stacks::objects::fingerprint;

const NOW: u64 = 1_800_000_000;

fn want(origin: Origin, digest: &str) -> Want {
    Want {
        origin,
        digest: digest.into(),
        logins: BTreeMap::new(),
    }
}

fn note(stage: Stage, origin: Origin, digest: &str) -> Note {
    Note {
        stage,
        origin,
        digest: digest.into(),
        objects: Some(7),
        logins: BTreeMap::new(),
    }
}

fn services(fingerprint: u64) -> Present {
    Present {
        services: true,
        fingerprint,
        rolled_back: None,
    }
}

const LONG: Missing = Missing {
    looks: 2,
    lasted: MISSING,
};
const ONCE: Missing = Missing {
    looks: 1,
    lasted: Duration::ZERO,
};
const SHORT: Missing = Missing {
    looks: 5,
    lasted: Duration::from_secs(59),
};

/// One stack `a`, deployed from a parameter as wanted.
fn settled() -> Facts {
    let wanted = Wanted::Stack(want(Origin::Parameter, "1"));
    let deployed = note(Stage::Deployed, Origin::Parameter, "1");
    Facts {
        wanted: [("a".to_owned(), wanted)].into(),
        complete: true,
        notes: [("a".to_owned(), Some(deployed))].into(),
        present: [("a".to_owned(), services(7))].into(),
        now: NOW,
        ..Facts::default()
    }
}

fn changed(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = settled();
    change(&mut facts);
    facts
}

fn put(facts: &mut Facts, note: Note) {
    facts.notes.insert("a".into(), Some(note));
}

fn source(facts: &mut Facts, wanted: Wanted) {
    facts.wanted.insert("a".into(), wanted);
}

fn seen(facts: &mut Facts, present: Present) {
    facts.present.insert("a".into(), present);
}

fn lacks(facts: &mut Facts, missing: Missing) {
    facts.missing.insert("a".into(), missing);
}

#[test]
fn every_row_of_what_is_wanted() {
    use Standing::{Broken, Deploy, Deployed, Drifted, Foreign, Kept, RolledBack, Unmarked};
    let begun = || note(Stage::Begun, Origin::Parameter, "1");
    let other = || note(Stage::Deployed, Origin::Parameter, "0");
    let file = || note(Stage::Deployed, Origin::File, "1");
    let old = || Note {
        objects: None,
        ..note(Stage::Deployed, Origin::Parameter, "1")
    };
    let empty = || Note {
        objects: Some(fingerprint(&[])),
        ..note(Stage::Deployed, Origin::Parameter, "1")
    };
    let rolled = || Present {
        rolled_back: Some("a_b".into()),
        ..services(8)
    };
    let from_file = || Wanted::Stack(want(Origin::File, "1"));
    let rows: [(&str, Facts, Standing); 18] = [
        ("as wanted", settled(), Deployed),
        (
            "new",
            changed(|f| (f.notes.clear(), f.present.clear()).0),
            Deploy(None),
        ),
        ("changed", changed(|f| put(f, other())), Deploy(None)),
        ("cut short", changed(|f| put(f, begun())), Deploy(None)),
        (
            "all removed by hand",
            changed(|f| f.present.clear()),
            Drifted(None),
        ),
        (
            "something removed or changed",
            changed(|f| seen(f, services(8))),
            Drifted(None),
        ),
        ("rolled back", changed(|f| seen(f, rolled())), RolledBack),
        (
            "rolled back, and mended",
            changed(|f| (seen(f, rolled()), put(f, other())).0),
            Deploy(None),
        ),
        (
            "without a service",
            changed(|f| (f.present.clear(), put(f, empty())).0),
            Deployed,
        ),
        ("of an earlier agent", changed(|f| put(f, old())), Unmarked),
        (
            "of an earlier agent, and gone",
            changed(|f| (put(f, old()), f.present.clear()).0),
            Drifted(None),
        ),
        ("deployed by hand", changed(|f| f.notes.clear()), Foreign),
        (
            "unreadable label",
            changed(|f| drop(f.notes.insert("a".into(), None))),
            Deploy(None),
        ),
        (
            "from a file before",
            changed(|f| put(f, file())),
            Deploy(None),
        ),
        ("broken", changed(|f| source(f, Wanted::Broken)), Broken),
        (
            "a file, while what Parameter Store holds is unknown",
            changed(|f| (source(f, from_file()), lacks(f, LONG), f.complete = false).0),
            Kept,
        ),
        (
            "the parameter may be gone, and there is a file",
            changed(|f| source(f, from_file())),
            Kept,
        ),
        (
            "the parameter is gone, and there is a file",
            changed(|f| (source(f, from_file()), lacks(f, LONG)).0),
            Deploy(None),
        ),
    ];
    for (name, facts, expected) in rows {
        assert_eq!(standing(&facts, "a"), expected, "{name}");
    }
}

#[test]
fn passwords_that_change_are_given_to_the_services() {
    let with = |login, mark: Option<u64>| {
        changed(|facts| {
            let mut want = want(Origin::Parameter, "1");
            want.logins.insert("r".into(), login);
            facts.wanted.insert("a".into(), Wanted::Stack(want));
            let mut note = note(Stage::Deployed, Origin::Parameter, "1");
            note.logins.extend(mark.map(|mark| ("r".to_owned(), mark)));
            put(facts, note);
        })
    };
    let deploy = || Step::Deploy("a".into());
    for (login, mark, expected) in [
        (Login::Password(2), Some(2), Step::Wait(None)),
        (Login::Password(3), Some(2), deploy()),
        (Login::Password(1), None, deploy()),
        (Login::Role, None, deploy()),
        (Login::Role, Some(NOW), deploy()),
        (
            Login::Role,
            Some(NOW + 60),
            Step::Wait(Some(Duration::from_mins(1))),
        ),
    ] {
        assert_eq!(next(&with(login, mark)), expected, "{login:?} {mark:?}");
    }
}

/// Whether it failed, or succeeded and was undone by somebody: the same step is not taken again at once,
/// and keeps no other waiting.
#[test]
fn a_step_is_repeated_after_a_gap_and_at_once_when_its_file_changes() {
    let mut facts = changed(|facts| seen(facts, services(8)));
    let same = want(Origin::Parameter, "1");
    facts.wanted.insert("b".into(), Wanted::Stack(same.clone()));
    let tried = |age: u64, count: u32| Tried {
        of: Some(same.clone()),
        count,
        age: Duration::from_secs(age),
    };
    facts.tried.insert("a".into(), tried(4, 1));
    assert_eq!(next(&facts), Step::Deploy("b".into()));
    facts.tried.insert("b".into(), tried(4, 1));
    assert_eq!(next(&facts), Step::Wait(Some(Duration::from_secs(1))));
    facts.tried.insert("a".into(), tried(599, 30));
    facts.tried.insert("b".into(), tried(1, 30));
    assert_eq!(next(&facts), Step::Wait(Some(Duration::from_secs(1))));
    let new = Wanted::Stack(want(Origin::Parameter, "2"));
    facts.wanted.insert("a".into(), new);
    assert_eq!(next(&facts), Step::Deploy("a".into()));
}

#[test]
fn a_label_is_read_as_it_was_written() {
    let mut note = note(Stage::Begun, Origin::File, "0a1b");
    note.objects = None;
    note.logins.insert("r.example.com:5000".into(), 7);
    let text = note.to_string();
    assert_eq!(text, "begun file 0a1b r.example.com:5000=7");
    assert_eq!(text.parse(), Ok(note.clone()));
    note.objects = Some(u64::MAX);
    let text = note.to_string();
    assert!(text.ends_with(" objects=18446744073709551615"), "{text}");
    assert_eq!(text.parse(), Ok(note));
    for bad in [
        "",
        "begun",
        "begun file ",
        "done file 1",
        "deployed file 1 r",
        "deployed x 1",
    ] {
        assert_eq!(bad.parse::<Note>(), Err(()), "{bad}");
    }
}

#[test]
fn names_are_those_that_resolve() {
    for good in ["web", "three-tier", "0", "a_b"] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["", "Web", "-a", "a.b", "a b", "ä", &"a".repeat(41)] {
        assert!(!is_name(bad), "{bad}");
    }
}
