use super::*;
use crate::pace;

const EVERY: Duration = Duration::from_mins(1);

fn at(up: Duration) -> Moment {
    Moment {
        up,
        unix: 0,
        random: 0,
    }
}

fn told(id: &str, life: Life) -> Told {
    Told {
        profile: None,
        id: id.to_owned(),
        life,
        addresses: Vec::new(),
        tags: [(ROLE_TAG.to_owned(), "worker".to_owned())].into(),
        facts: crate::Facts::default(),
    }
}

/// What comes of an answer about these, which knows some of them.
fn hear(instances: &mut Instances, asked: &[String], known: &[Told], as_leader: bool, now: Moment) {
    let reply = Reply {
        asked,
        known,
        silent: &BTreeSet::new(),
    };
    let cluster = "c".parse().unwrap();
    let here = Here {
        region: "r",
        cluster: &cluster,
    };
    if as_leader {
        instances.learn(&reply, here, now);
    } else {
        instances.see(&reply, now);
    }
}

fn learn(instances: &mut Instances, ids: &[String], now: Moment) {
    let known: Vec<Told> = ids.iter().map(|id| told(id, Life::Alive)).collect();
    hear(instances, ids, &known, true, now);
}

#[test]
fn all_are_asked_about_in_the_rounds_that_there_are_anyway() {
    for (count, rounds) in [(100, 1), (1_000, 2), (5_000, 2)] {
        let nodes: Vec<String> = (0..count).map(|number| format!("i-{number}")).collect();
        let mut instances = Instances::default();
        let mut now = at(EVERY);
        let mut more = true;
        while more {
            let ids;
            (ids, more) = instances.due(nodes.iter(), EVERY, now);
            assert!(ids.len() <= BATCH, "one call for those that are new");
            learn(&mut instances, &ids, now);
        }
        now.up += EVERY;
        let (mut asked, mut times) = (BTreeSet::new(), 0);
        for _ in 0..EVERY.as_secs() {
            let (ids, more) = instances.due(nodes.iter(), EVERY, now);
            times += usize::from(!ids.is_empty());
            assert!(!more, "nobody is new");
            learn(&mut instances, &ids, now);
            asked.extend(ids);
            now.up += Duration::from_secs(1);
        }
        assert_eq!((asked.len(), times), (count, rounds));
    }
}

#[test]
fn what_ec2_has_forgotten_stays_terminated() {
    let ids = ["i-1", "i-2"].map(str::to_owned);
    let (first, second) = ids.split_at(1);
    let mut instances = Instances::default();
    let mut now = at(EVERY);
    let ended = [told("i-1", Life::Terminated)];
    for known in [&ended[..], &[], &[]] {
        hear(&mut instances, first, known, false, now);
        now.up += pace::FLEET_GAP;
    }
    assert!(instances.fleet(["i-1"], now).is_gone("i-1"));
    let lives = [told("i-2", Life::Alive)];
    for known in [&lives[..], &[]] {
        hear(&mut instances, second, known, false, now);
    }
    assert_eq!(
        instances.fleet(["i-2"], now).life("i-2"),
        Some(Life::Absent)
    );
    assert_eq!(instances.fleet([], now), Fleet::default());
}

/// What a decision asks for tells a leader to come nothing of labels and roles, and it asks all the same.
#[test]
fn a_decisions_question_is_none_of_a_leaders() {
    let ids = ["i-1".to_owned()];
    let mut instances = Instances::default();
    let now = at(EVERY);
    hear(
        &mut instances,
        &ids,
        &[told("i-1", Life::Alive)],
        false,
        now,
    );
    assert_eq!(instances.of(ids.first()), None);
    assert_eq!(instances.due(ids.iter(), EVERY, now).0, ids);
    learn(&mut instances, &ids, now);
    assert!(instances.of(ids.first()).is_some());
    assert_eq!(instances.due(ids.iter(), EVERY, now).0, [""; 0]);
}

/// A leader's answer tells a decision of ends, and of nothing else: all else a decision asks for when it matters.
#[test]
fn an_end_is_heard_by_all() {
    let ids = ["i-1".to_owned()];
    let after = |own: &[Told], leaders: &[Told]| {
        let mut instances = Instances::default();
        let mut now = at(EVERY);
        hear(&mut instances, &ids, own, false, now);
        now.up += EVERY;
        hear(&mut instances, &ids, leaders, true, now);
        let fleet = instances.fleet(["i-1"], now);
        fleet.0.get("i-1").map(|seen| (seen.life, seen.looks))
    };
    let [alive, stopped, ended] =
        [Life::Alive, Life::Stopped, Life::Terminated].map(|life| [told("i-1", life)]);
    assert_eq!(after(&ended, &ended), Some((Life::Terminated, 2)));
    assert_eq!(after(&alive, &ended), Some((Life::Terminated, 1)));
    assert_eq!(
        after(&[], &[]),
        Some((Life::Absent, 1)),
        "as it was asked for"
    );
    assert_eq!(after(&[], &alive), None, "it is back: a decision asks anew");
    assert_eq!(after(&[], &stopped), None);
    assert_eq!(after(&stopped, &alive), Some((Life::Stopped, 1)));
}

/// What is silent is neither alive nor absent.
#[test]
fn silence_is_no_word() {
    let ids = ["i-1", "i-2"].map(str::to_owned);
    let reply = Reply {
        asked: &ids,
        known: &[told("i-1", Life::Terminated)],
        silent: &["i-2".to_owned()].into(),
    };
    let cluster = "c".parse().unwrap();
    let here = Here {
        region: "r",
        cluster: &cluster,
    };
    let now = at(EVERY);
    for as_leader in [false, true] {
        let mut instances = Instances::default();
        if as_leader {
            instances.learn(&reply, here, now);
        } else {
            instances.see(&reply, now);
        }
        let fleet = instances.fleet(["i-1", "i-2"], now);
        let lives = (fleet.life("i-1"), fleet.life("i-2"));
        assert_eq!(lives, (Some(Life::Terminated), None));
    }
}

#[test]
fn who_is_no_node_any_more_is_forgotten_and_its_end_a_day_later() {
    let ids = ["i-1".to_owned()];
    let mut instances = Instances::default();
    let mut now = at(EVERY);
    hear(
        &mut instances,
        &ids,
        &[told("i-1", Life::Terminated)],
        true,
        now,
    );
    instances.keep(&ids.iter().collect(), now);
    assert!(instances.of(ids.first()).is_some());
    instances.keep(&BTreeSet::new(), now);
    assert_eq!(instances.of(ids.first()), None);
    assert_eq!(
        instances.fleet(["i-1"], now).life("i-1"),
        Some(Life::Terminated)
    );
    now.up += FORGOTTEN;
    instances.keep(&BTreeSet::new(), now);
    assert_eq!(
        instances,
        Instances {
            refresh: None,
            ..Instances::default()
        }
    );
}

#[test]
fn a_role_that_changes_is_asked_for_again_soon() {
    let ids = ["i-1".to_owned()];
    let mut instances = Instances::default();
    let mut now = at(EVERY);
    learn(&mut instances, &ids, now);
    assert_eq!(instances.wait(ids.iter(), now), None);
    now.up += EVERY;
    let mut other = told("i-1", Life::Alive);
    other.tags.insert(ROLE_TAG.to_owned(), "manager".to_owned());
    other.tags.insert(CLUSTER_TAG.to_owned(), "c".to_owned());
    for lasted in [Duration::ZERO, FLEET_GAP] {
        hear(
            &mut instances,
            &ids,
            std::slice::from_ref(&other),
            true,
            now,
        );
        let word = instances.of(ids.first()).expect("it was told of");
        assert_eq!((word.role, word.lasted), (Some(Role::Manager), lasted));
        let again = lasted.is_zero().then_some(FLEET_GAP);
        assert_eq!(instances.wait(ids.iter(), now), again);
        now.up += FLEET_GAP;
    }
}
