//! Every row, and what holds for all facts.

use std::collections::BTreeMap;

use proptest::prelude::*;

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
fn a_removal_takes_two_complete_looks_a_minute_apart() {
    use Standing::{Absent, Kept, Missing as Waits, Remove};
    let gone = |change: fn(&mut Facts)| {
        changed(|facts| {
            facts.wanted.clear();
            change(facts);
        })
    };
    let file = || note(Stage::Deployed, Origin::File, "1");
    let nothing = |missing| {
        changed(|f| {
            source(f, Wanted::Nothing);
            lacks(f, missing);
        })
    };
    let rows: [(&str, Facts, Standing); 11] = [
        ("not looked at yet", gone(|_| {}), Waits(MISSING)),
        ("missing once", gone(|f| lacks(f, ONCE)), Waits(MISSING)),
        (
            "missing often, and not for long",
            gone(|f| lacks(f, SHORT)),
            Waits(Duration::from_secs(1)),
        ),
        ("missing", gone(|f| lacks(f, LONG)), Remove(None)),
        (
            "missing, and another one went on this look",
            gone(|f| {
                lacks(f, LONG);
                f.removed = true;
            }),
            Remove(Some(MISSING)),
        ),
        (
            "not known to be missing",
            gone(|f| {
                lacks(f, LONG);
                f.complete = false;
            }),
            Kept,
        ),
        (
            "a file of another manager",
            changed(|f| {
                f.wanted.clear();
                put(f, file());
                lacks(f, LONG);
            }),
            Kept,
        ),
        ("emptied", nothing(ONCE), Waits(MISSING)),
        (
            "emptied for a while",
            nothing(SHORT),
            Waits(Duration::from_secs(1)),
        ),
        ("emptied for long", nothing(LONG), Remove(None)),
        (
            "emptied and removed",
            changed(|f| {
                f.notes.clear();
                source(f, Wanted::Nothing);
            }),
            Absent,
        ),
    ];
    for (name, facts, expected) in rows {
        assert_eq!(standing(&facts, "a"), expected, "{name}");
    }
}

/// One of two goes after a minute; both, the first of them after three.
#[test]
fn all_of_several_are_missed_for_longer() {
    let both = |missing: &[&str], lasted: Duration| {
        changed(|facts| {
            let other = note(Stage::Deployed, Origin::Parameter, "1");
            facts.notes.insert("b".into(), Some(other));
            facts
                .wanted
                .insert("b".into(), Wanted::Stack(want(Origin::Parameter, "1")));
            facts.present.insert("b".into(), services(7));
            for name in missing {
                facts.wanted.remove(*name);
                facts
                    .missing
                    .insert((*name).into(), Missing { looks: 9, lasted });
            }
        })
    };
    assert_eq!(next(&both(&["b"], MISSING)), Step::Remove("b".into()));
    let all = both(&["a", "b"], MISSING);
    assert_eq!(
        next(&all),
        Step::Wait(Some(ALL_MISSING.saturating_sub(MISSING)))
    );
    assert_eq!(
        next(&both(&["a", "b"], ALL_MISSING)),
        Step::Remove("a".into())
    );
}

#[test]
fn what_is_missing_is_told_from_what_is_broken_or_a_file() {
    let names = |facts: &Facts| missing(facts).into_iter().collect::<Vec<_>>();
    assert!(names(&settled()).is_empty());
    assert_eq!(names(&changed(|f| f.wanted.clear())), ["a"]);
    assert_eq!(names(&changed(|f| source(f, Wanted::Nothing))), ["a"]);
    assert!(names(&changed(|f| source(f, Wanted::Broken))).is_empty());
    let file = Wanted::Stack(want(Origin::File, "1"));
    assert_eq!(names(&changed(|f| source(f, file.clone()))), ["a"]);
    let from_file = note(Stage::Deployed, Origin::File, "1");
    assert!(names(&changed(|f| (put(f, from_file), f.wanted.clear()).1)).is_empty());
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

fn origins() -> impl Strategy<Value = Origin> {
    prop_oneof![Just(Origin::File), Just(Origin::Parameter)]
}

prop_compose! {
    fn wants()(origin in origins(), digest in 0..3_u8, role in any::<bool>(), version in 0..2_u64) -> Want {
        let login = if role { Login::Role } else { Login::Password(version) };
        let logins = (version > 0).then(|| ("r".to_owned(), login));
        Want { origin, digest: digest.to_string(), logins: logins.into_iter().collect() }
    }
}

prop_compose! {
    fn notes()(origin in origins(), digest in 0..3_u8, begun in any::<bool>(), mark in 0..3_u64,
        objects in proptest::option::of(0..2_u64)) -> Note {
        let stage = if begun { Stage::Begun } else { Stage::Deployed };
        let logins = [("r".to_owned(), mark)].into();
        Note { stage, origin, digest: digest.to_string(), objects, logins }
    }
}

prop_compose! {
    fn presences()(services in any::<bool>(), fingerprint in 0..2_u64, rolled in any::<bool>()) -> Present {
        let rolled_back = (services && rolled).then(|| "a_b".to_owned());
        Present { services, fingerprint, rolled_back }
    }
}

prop_compose! {
    fn all_facts()(
        wanted in proptest::collection::btree_map("[a-c]", prop_oneof![
            wants().prop_map(Wanted::Stack), Just(Wanted::Nothing), Just(Wanted::Broken)], 0..3),
        notes in proptest::collection::btree_map("[a-c]", proptest::option::of(notes()), 0..3),
        present in proptest::collection::btree_map("[a-c]", presences(), 0..3),
        tried in proptest::collection::btree_map("[a-c]",
            (proptest::option::of(wants()), 1..9_u32, 0..900_u64), 0..2),
        missing in proptest::collection::btree_map("[a-c]", (0..4_u32, 0..200_u64), 0..3),
        complete in any::<bool>(), removed in any::<bool>(), now in 0..3_u64,
    ) -> Facts {
        let tried = tried.into_iter().map(|(name, (of, count, age))| {
            (name, Tried { of, count, age: Duration::from_secs(age) })
        });
        let missing = missing.into_iter().map(|(name, (looks, lasted))| {
            (name, Missing { looks, lasted: Duration::from_secs(lasted) })
        });
        let (tried, missing) = (tried.collect(), missing.collect());
        Facts { wanted, complete, missing, removed, notes, present, tried, now }
    }
}

/// What a step that succeeds leaves behind.
fn taken(facts: &mut Facts, step: &Step) {
    match step {
        Step::Deploy(name) => {
            let Some(Wanted::Stack(want)) = facts.wanted.get(name).cloned() else {
                panic!("{name} is no stack");
            };
            let mark = |login: &Login| match login {
                Login::Password(version) => *version,
                Login::Role => facts.now + 100,
            };
            let logins = want
                .logins
                .iter()
                .map(|(host, login)| (host.clone(), mark(login)));
            let note = Note {
                stage: Stage::Deployed,
                origin: want.origin,
                digest: want.digest.clone(),
                objects: Some(9),
                logins: logins.collect(),
            };
            facts.notes.insert(name.clone(), Some(note));
            facts.present.insert(name.clone(), services(9));
        }
        Step::Adopt(name) => {
            let has = facts.present.get(name).map(|has| has.fingerprint);
            if let Some(Some(note)) = facts.notes.get_mut(name) {
                note.objects = has;
            }
        }
        Step::Remove(name) => {
            facts.notes.remove(name);
            facts.present.remove(name);
            facts.removed = true;
        }
        Step::Wait(_) => {}
    }
}

proptest! {
    /// Whatever is seen, only what is ours and known to be unwanted is removed; what cannot be read,
    /// what somebody deployed by hand and what another manager's file was for stays.
    #[test]
    fn nothing_is_removed_or_taken_over_on_a_doubt(facts in all_facts()) {
        match next(&facts) {
            Step::Remove(name) => {
                let note = facts.notes.get(&name);
                prop_assert!(note.is_some(), "not ours");
                prop_assert!(facts.complete && !facts.removed);
                let missing = facts.missing[&name];
                prop_assert!(missing.looks >= 2 && missing.lasted >= MISSING);
                if let Some(wanted) = facts.wanted.get(&name) {
                    prop_assert_eq!(wanted, &Wanted::Nothing);
                } else {
                    let from = note.and_then(|note| note.as_ref()).map(|note| note.origin);
                    prop_assert_eq!(from, Some(Origin::Parameter));
                }
            }
            Step::Deploy(name) => {
                prop_assert!(matches!(facts.wanted.get(&name), Some(Wanted::Stack(_))));
                let is_ours = facts.notes.contains_key(&name);
                let has = facts.present.get(&name).is_some_and(|has| has.services);
                prop_assert!(is_ours || !has, "somebody else's");
            }
            Step::Adopt(name) => prop_assert!(facts.notes.contains_key(&name)),
            Step::Wait(left) => prop_assert!(left.is_none_or(|left| !left.is_zero())),
        }
    }

    /// Steps that succeed come to an end: nothing is deployed twice, and one stack goes at a time.
    #[test]
    fn steps_that_succeed_come_to_an_end(mut facts in all_facts()) {
        let mut removals = 0;
        for _ in 0..7 {
            let step = next(&facts);
            removals += usize::from(matches!(step, Step::Remove(_)));
            if let Step::Wait(_) = step {
                prop_assert!(removals <= 1);
                return Ok(());
            }
            taken(&mut facts, &step);
        }
        prop_assert!(false, "still at it: {:?}", facts);
    }

    /// A step that is taken and changes nothing, or is undone at once, is not taken again at once.
    #[test]
    fn a_step_without_effect_is_followed_by_a_gap(mut facts in all_facts()) {
        for _ in 0..9 {
            let of = |name: &String| match facts.wanted.get(name) {
                Some(Wanted::Stack(want)) => Some(want.clone()),
                _ => None,
            };
            let (name, of) = match next(&facts) {
                Step::Deploy(name) => (name.clone(), of(&name)),
                Step::Remove(name) => (name, None),
                step @ Step::Adopt(_) => {
                    taken(&mut facts, &step);
                    continue;
                }
                Step::Wait(_) => return Ok(()),
            };
            facts.tried.insert(name, Tried { of, count: 1, age: Duration::ZERO });
        }
        prop_assert!(false, "still at it: {:?}", facts);
    }
}
