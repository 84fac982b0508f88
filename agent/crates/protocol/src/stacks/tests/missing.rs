//! Stacks whose files or objects are missing: how long nothing is removed.

use super::*;

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
