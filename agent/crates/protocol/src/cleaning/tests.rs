use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn rules() -> Rules {
    Rules {
        high: Share::percent(85),
        low: Share::percent(75),
        min_age: Duration::from_mins(10),
    }
}

fn at(minutes: u64) -> Moment {
    Moment {
        up: Duration::from_mins(minutes),
        unix: 0,
        random: 0,
    }
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

fn image(id: &str) -> Image {
    Image {
        id: id.to_owned(),
        names: names(&[&format!("{id}:1")]),
        references: vec![format!("{id}:1")],
        size: 1,
    }
}

fn task(id: &str, image: &str, has_ended: bool) -> Container {
    Container {
        id: id.to_owned(),
        image: image.to_owned(),
        names: names(&[&format!("{image}:1")]),
        is_task: true,
        has_ended,
    }
}

fn inventory(images: &[&str], containers: &[Container]) -> Inventory {
    Inventory {
        images: images.iter().map(|id| image(id)).collect(),
        containers: containers.to_vec(),
        named: Named::Known(BTreeSet::new()),
    }
}

/// A disk that is full, whose cache was cleared a moment ago.
fn full(now: Moment) -> Memory {
    let mut memory = Memory::default();
    memory.fills(Share::percent(90), &rules());
    memory.tried(&Step::Cache(Duration::ZERO), true, now);
    memory
}

fn decide(memory: &Memory, inventory: &Inventory, kept: &BTreeSet<String>, now: Moment) -> Step {
    next(&Facts {
        rules: &rules(),
        kept,
        inventory,
        memory,
        now,
    })
}

fn stuck(minutes: Option<u64>) -> Step {
    let left = minutes.map(Duration::from_mins);
    Step::Stuck { left, why: None }
}

#[test]
fn removing_begins_at_the_high_mark_and_ends_at_the_low_one() {
    let mut memory = Memory::default();
    for (percent, cleans) in [
        (84, false),
        (85, true),
        (84, true),
        (76, true),
        (75, false),
        (84, false),
        (100, true),
        (10, false),
    ] {
        memory.fills(Share::percent(percent), &rules());
        assert_eq!(memory.cleans(), cleans, "{percent}");
    }
}

#[test]
fn a_share_is_of_what_the_engine_can_use_and_the_fullest_counts() {
    let room = |used, free| Room { used, free };
    assert_eq!(room(85, 15).share(), Share::percent(85));
    assert_eq!(room(0, 0).share(), Share::default());
    assert_eq!(room(u64::MAX, 0).share(), Share::percent(100));
    assert!(room(8499, 1501).share() < Share::percent(85));
    assert_eq!(
        fullest(&[room(1, 9), room(9, 1), room(0, 0)]),
        Share::percent(90)
    );
    assert_eq!(fullest(&[]), Share::default());
}

#[test]
fn what_is_left_of_tasks_goes_first_then_the_cache_then_images() {
    let had = inventory(&["a"], &[task("dead", "a", true), task("runs", "b", false)]);
    let mut memory = Memory::default();
    memory.fills(Share::percent(90), &rules());
    memory.saw(&had, at(0));
    let none = BTreeSet::new();
    assert_eq!(
        decide(&memory, &had, &none, at(9)),
        Step::Cache(rules().min_age)
    );
    assert_eq!(
        decide(&memory, &had, &none, at(10)),
        Step::Container("dead".into())
    );
    let had = inventory(&["a"], &[task("runs", "b", false)]);
    memory.saw(&had, at(10));
    assert_eq!(
        decide(&memory, &had, &none, at(10)),
        Step::Cache(rules().min_age)
    );
    memory.tried(&Step::Cache(rules().min_age), true, at(10));
    // It used its image until ten minutes ago.
    assert_eq!(
        decide(&memory, &had, &none, at(10)),
        Step::Image(image("a"))
    );
    memory.saw(&inventory(&[], &[]), at(11));
    let had = inventory(&[], &[]);
    assert_eq!(decide(&memory, &had, &none, at(11)), stuck(Some(9)));
}

#[test]
fn nothing_goes_while_there_is_room() {
    let had = inventory(&["a"], &[task("dead", "a", true)]);
    let mut memory = Memory::default();
    memory.saw(&had, at(0));
    let none = BTreeSet::new();
    assert_eq!(decide(&memory, &had, &none, at(99)), Step::Enough);
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first() {
    let mut memory = full(at(55));
    let used = |image: &str| inventory(&["a", "b", "c"], &[task("t", image, false)]);
    memory.saw(&used("b"), at(0));
    memory.saw(&used("a"), at(5));
    let had = inventory(&["a", "b", "c"], &[]);
    let none = BTreeSet::new();
    let mut gone = Vec::new();
    let mut had = had;
    while let Step::Image(image) = decide(&memory, &had, &none, at(60)) {
        had.images.retain(|other| *other != image);
        memory.saw(&had, at(60));
        gone.push(image.id);
    }
    assert_eq!(gone, ["c", "b", "a"]);
}

#[test]
fn what_came_or_was_used_a_moment_ago_stays() {
    let mut memory = full(at(12));
    let none = BTreeSet::new();
    memory.saw(&inventory(&["old"], &[]), at(0));
    let had = inventory(&["old", "new"], &[]);
    memory.saw(&had, at(12));
    assert_eq!(
        decide(&memory, &had, &none, at(12)),
        Step::Image(image("old"))
    );
    let had = inventory(&["new"], &[]);
    memory.saw(&had, at(13));
    assert_eq!(decide(&memory, &had, &none, at(13)), stuck(Some(9)));
    // A task that ran and was taken away.
    memory.saw(&inventory(&["new"], &[task("t", "new", false)]), at(20));
    memory.tried(&Step::Cache(Duration::ZERO), true, at(29));
    assert_eq!(decide(&memory, &had, &none, at(29)), stuck(Some(1)));
    assert_eq!(
        decide(&memory, &had, &none, at(30)),
        Step::Image(image("new"))
    );
    // What has never been noted has just come.
    let had = inventory(&["unseen"], &[]);
    assert_eq!(decide(&memory, &had, &none, at(30)), stuck(Some(9)));
}

#[test]
fn what_anybody_uses_or_names_stays() {
    let named = |name: &str| Inventory {
        named: Named::Known(names(&[name])),
        ..inventory(&["a"], &[])
    };
    let by_name = Container {
        image: "sha256:gone".into(),
        ..task("t", "a", false)
    };
    let others = Container {
        is_task: false,
        ..task("t", "a", true)
    };
    let cases = [
        (
            "runs",
            inventory(&["a"], &[task("t", "a", false)]),
            names(&[]),
        ),
        ("named when made", inventory(&["a"], &[by_name]), names(&[])),
        ("another's, ended", inventory(&["a"], &[others]), names(&[])),
        ("a service's", named("a:1"), names(&[])),
        ("kept by name", inventory(&["a"], &[]), names(&["a:1"])),
        ("kept by id", inventory(&["a"], &[]), names(&["a"])),
    ];
    for (what, had, kept) in cases {
        let mut memory = full(at(99));
        memory.saw(&had, at(0));
        let step = decide(&memory, &had, &kept, at(99));
        assert_eq!(step, stuck(Some(10)), "{what}");
    }
    let mut memory = full(at(99));
    memory.saw(&named("other:1"), at(0));
    let step = decide(&memory, &named("other:1"), &names(&["another"]), at(99));
    assert_eq!(step, Step::Image(image("a")));
}

#[test]
fn where_services_are_not_known_images_stay_and_the_rest_goes() {
    let had = Inventory {
        named: Named::Unknown("no leader".into()),
        ..inventory(&["a", "b"], &[task("dead", "a", true)])
    };
    let mut memory = full(at(99));
    memory.saw(&had, at(0));
    let none = BTreeSet::new();
    assert_eq!(
        decide(&memory, &had, &none, at(99)),
        Step::Container("dead".into())
    );
    let had = Inventory {
        containers: Vec::new(),
        ..had
    };
    let why = Some("no leader".to_owned());
    let stays = Step::Stuck { left: None, why };
    assert_eq!(decide(&memory, &had, &none, at(99)), stays);
}

#[test]
fn what_is_refused_waits_longer_each_time_and_holds_up_nothing_else() {
    let had = inventory(&["a", "b"], &[]);
    let mut memory = full(at(99));
    memory.saw(&had, at(0));
    let none = BTreeSet::new();
    let first = decide(&memory, &had, &none, at(99));
    assert_eq!(first, Step::Image(image("a")));
    memory.tried(&first, false, at(99));
    let second = decide(&memory, &had, &none, at(99));
    assert_eq!(second, Step::Image(image("b")));
    memory.tried(&second, false, at(99));
    assert_eq!(decide(&memory, &had, &none, at(99)), stuck(Some(1)));
    memory.tried(&first, false, at(100));
    memory.tried(&second, false, at(100));
    assert_eq!(decide(&memory, &had, &none, at(100)), stuck(Some(2)));
    assert_eq!(decide(&memory, &had, &none, at(102)), first);
}

#[test]
fn pauses_grow_with_failures_and_none_is_missing() {
    let step = Step::Image(image("a"));
    assert_eq!(pause(&step, 0), STEP_GAP);
    assert_eq!(pause(&Step::Enough, 0), LOOK);
    assert_eq!(pause(&stuck(None), 0), LOOK);
    assert_eq!(pause(&stuck(Some(0)), 0), STEP_GAP);
    assert_eq!(pause(&stuck(Some(9)), 0), LOOK);
    assert!(pause(&step, 3) > pause(&step, 1));
    assert!(pause(&Step::Enough, u32::MAX) <= LOOK);
}

#[test]
fn the_engine_is_asked_now_and_then_and_while_the_disk_is_full() {
    let mut memory = Memory::default();
    assert!(asks(&memory, at(0)));
    memory.saw(&inventory(&[], &[]), at(0));
    assert!(!asks(&memory, at(4)));
    assert!(asks(&memory, at(5)));
    memory.fills(Share::percent(85), &rules());
    assert!(asks(&memory, at(1)));
}

prop_compose! {
    fn any_container()(id in 0..9_u8, image in 0..6_u8, is_task: bool, has_ended: bool) -> Container {
        Container { is_task, has_ended, ..task(&id.to_string(), &image.to_string(), has_ended) }
    }
}

proptest! {
    /// Whatever was seen: nothing that runs, that somebody names or keeps, and nothing young is removed; and it ends.
    #[test]
    fn only_what_nobody_needs_goes(
        looks in prop::collection::vec((0..40_u64, prop::collection::vec(any_container(), 0..6)), 1..6),
        named in prop::collection::btree_set(0..6_u8, 0..3),
        kept in prop::collection::btree_set(0..6_u8, 0..3),
    ) {
        let ids: Vec<String> = (0..6).map(|id| id.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let named: BTreeSet<String> = named.iter().map(|id| format!("{id}:1")).collect();
        let kept: BTreeSet<String> = kept.iter().map(ToString::to_string).collect();
        let mut now = 0;
        let mut memory = full(at(0));
        let mut had = inventory(&ids, &[]);
        for (minutes, mut containers) in looks {
            now += minutes;
            containers.dedup_by(|a, b| a.id == b.id);
            had = Inventory { named: Named::Known(named.clone()), ..inventory(&ids, &containers) };
            memory.saw(&had, at(now));
        }
        let last = now;
        for _ in 0..20 {
            match decide(&memory, &had, &kept, at(now)) {
                Step::Container(id) => {
                    prop_assert!(had.containers.iter().any(|c| c.id == id && c.is_task && c.has_ended));
                    had.containers.retain(|c| c.id != id);
                }
                Step::Image(image) => {
                    prop_assert!(!kept.contains(&image.id) && named.is_disjoint(&image.names));
                    prop_assert!(had.containers.iter().all(|c| c.image != image.id));
                    prop_assert!(now >= 10);
                    had.images.retain(|other| other.id != image.id);
                }
                step @ Step::Cache(_) => memory.tried(&step, true, at(now)),
                Step::Enough => prop_assert!(false, "the disk is full"),
                Step::Stuck { left, .. } if now > last => {
                    prop_assert!(left.is_some());
                    return Ok(());
                }
                Step::Stuck { .. } => now += 30,
            }
            memory.saw(&had, at(now));
        }
        prop_assert!(false, "it goes on");
    }
}
