//! Every row, and what holds for all facts.

use proptest::prelude::*;

use super::*;

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
        logins: BTreeMap::new(),
    }
}

/// One stack `a`, deployed from a parameter as wanted.
fn settled() -> Facts {
    let wanted = Wanted::Stack(want(Origin::Parameter, "1"));
    Facts {
        wanted: [("a".to_owned(), wanted)].into(),
        complete: true,
        notes: [(
            "a".to_owned(),
            Some(note(Stage::Deployed, Origin::Parameter, "1")),
        )]
        .into(),
        present: ["a".to_owned()].into(),
        failures: BTreeMap::new(),
        now: NOW,
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

#[test]
fn every_row() {
    use Standing::{Absent, Broken, Deploy, Deployed, Foreign, Kept, Remove};
    let begun = || note(Stage::Begun, Origin::Parameter, "1");
    let other = || note(Stage::Deployed, Origin::Parameter, "0");
    let file = || note(Stage::Deployed, Origin::File, "1");
    let rows: [(&str, Facts, Standing); 16] = [
        ("as wanted", settled(), Deployed),
        (
            "new",
            changed(|f| (f.notes.clear(), f.present.clear()).0),
            Deploy(None),
        ),
        ("changed", changed(|f| put(f, other())), Deploy(None)),
        ("cut short", changed(|f| put(f, begun())), Deploy(None)),
        (
            "removed by hand",
            changed(|f| f.present.clear()),
            Deploy(None),
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
        ("gone", changed(|f| f.wanted.clear()), Remove(None)),
        (
            "not known to be gone",
            changed(|f| (f.wanted.clear(), f.complete = false).1),
            Kept,
        ),
        (
            "a file of another manager",
            changed(|f| {
                f.wanted.clear();
                put(f, file());
            }),
            Kept,
        ),
        (
            "broken",
            changed(|f| drop(f.wanted.insert("a".into(), Wanted::Broken))),
            Broken,
        ),
        (
            "emptied",
            changed(|f| drop(f.wanted.insert("a".into(), Wanted::Nothing))),
            Remove(None),
        ),
        (
            "emptied and removed",
            changed(|f| {
                f.notes.clear();
                f.wanted.insert("a".into(), Wanted::Nothing);
            }),
            Absent,
        ),
        (
            "a file, while what Parameter Store holds is unknown",
            changed(|f| {
                f.complete = false;
                f.wanted
                    .insert("a".into(), Wanted::Stack(want(Origin::File, "2")));
            }),
            Kept,
        ),
        (
            "the parameter is gone, and there is a file",
            changed(|f| {
                let file = Wanted::Stack(want(Origin::File, "1"));
                f.wanted.insert("a".into(), file);
            }),
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

#[test]
fn a_stack_that_fails_keeps_no_other_waiting_and_is_tried_again_when_it_changes() {
    let mut facts = changed(|facts| (facts.notes.clear(), facts.present.clear()).0);
    let failed = want(Origin::Parameter, "1");
    facts
        .wanted
        .insert("b".into(), Wanted::Stack(failed.clone()));
    let age = Duration::from_secs(4);
    let failure = Failure {
        of: Some(failed),
        count: 1,
        age,
    };
    facts.failures.insert("a".into(), failure.clone());
    assert_eq!(next(&facts), Step::Deploy("b".into()));
    facts.failures.insert("b".into(), failure);
    assert_eq!(next(&facts), Step::Wait(Some(Duration::from_secs(1))));
    let new = Wanted::Stack(want(Origin::Parameter, "2"));
    facts.wanted.insert("a".into(), new);
    assert_eq!(next(&facts), Step::Deploy("a".into()));
}

#[test]
fn a_label_is_read_as_it_was_written() {
    let mut note = note(Stage::Begun, Origin::File, "0a1b");
    note.logins.insert("r.example.com:5000".into(), 7);
    let text = note.to_string();
    assert_eq!(text, "begun file 0a1b r.example.com:5000=7");
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
    fn notes()(origin in origins(), digest in 0..3_u8, begun in any::<bool>(), mark in 0..3_u64) -> Note {
        let stage = if begun { Stage::Begun } else { Stage::Deployed };
        Note { stage, origin, digest: digest.to_string(), logins: [("r".to_owned(), mark)].into() }
    }
}

prop_compose! {
    fn all_facts()(
        wanted in proptest::collection::btree_map("[a-c]", prop_oneof![
            wants().prop_map(Wanted::Stack), Just(Wanted::Nothing), Just(Wanted::Broken)], 0..3),
        notes in proptest::collection::btree_map("[a-c]", proptest::option::of(notes()), 0..3),
        present in proptest::collection::btree_set("[a-c]", 0..3),
        failures in proptest::collection::btree_map("[a-c]",
            (proptest::option::of(wants()), 1..9_u32, 0..900_u64), 0..2),
        complete in any::<bool>(), now in 0..3_u64,
    ) -> Facts {
        let failures = failures.into_iter().map(|(name, (of, count, age))| {
            (name, Failure { of, count, age: Duration::from_secs(age) })
        });
        Facts { wanted, complete, notes, present, failures: failures.collect(), now }
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
                if let Some(wanted) = facts.wanted.get(&name) {
                    prop_assert_eq!(wanted, &Wanted::Nothing);
                } else {
                    prop_assert!(facts.complete);
                    let from = note.and_then(|note| note.as_ref()).map(|note| note.origin);
                    prop_assert_eq!(from, Some(Origin::Parameter));
                }
            }
            Step::Deploy(name) => {
                prop_assert!(matches!(facts.wanted.get(&name), Some(Wanted::Stack(_))));
                let is_ours = facts.notes.contains_key(&name);
                prop_assert!(is_ours || !facts.present.contains(&name), "somebody else's");
            }
            Step::Wait(left) => prop_assert!(left.is_none_or(|left| !left.is_zero())),
        }
    }

    /// Steps that succeed come to an end: nothing is deployed twice.
    #[test]
    fn steps_that_succeed_come_to_an_end(mut facts in all_facts()) {
        for _ in 0..4 {
            match next(&facts) {
                Step::Deploy(name) => {
                    let Some(Wanted::Stack(want)) = facts.wanted.get(&name).cloned() else {
                        return Err(TestCaseError::fail("no stack"));
                    };
                    let mark = |login: &Login| match login {
                        Login::Password(version) => *version,
                        Login::Role => facts.now + 100,
                    };
                    let logins = want.logins.iter().map(|(host, login)| (host.clone(), mark(login)));
                    let note = Note {
                        stage: Stage::Deployed,
                        origin: want.origin,
                        digest: want.digest.clone(),
                        logins: logins.collect(),
                    };
                    facts.notes.insert(name.clone(), Some(note));
                    facts.present.insert(name);
                }
                Step::Remove(name) => {
                    facts.notes.remove(&name);
                    facts.present.remove(&name);
                }
                Step::Wait(_) => return Ok(()),
            }
        }
        prop_assert!(false, "still at it: {:?}", facts);
    }
}
