//! What holds of any facts.

use proptest::prelude::*;

use super::*;

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
