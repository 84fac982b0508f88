use super::*;
use crate::zones::{MOST_ALONE, Zones};
use protocol::{Facts, Life};
use std::collections::BTreeMap;

fn instance_in(id: &str, zone: &str) -> Told {
    Told {
        id: id.into(),
        profile: None,
        life: Life::Alive,
        addresses: Vec::new(),
        tags: BTreeMap::new(),
        facts: Facts {
            zone: Some(zone.into()),
            ..Facts::default()
        },
    }
}

fn id(number: usize) -> String {
    format!("i-{number:017x}")
}

#[test]
fn those_of_a_zone_are_asked_about_together_and_others_alone() {
    let mut zones = Zones::default();
    zones.learn(&[
        instance_in(&id(1), "a"),
        instance_in(&id(2), "b"),
        instance_in(&id(3), "a"),
    ]);
    let ids: Vec<_> = (1..=5).map(id).collect();
    let portions = zones.portions(&ids);
    let expected = [vec![id(1), id(3)], vec![id(2)], vec![id(4)], vec![id(5)]];
    assert_eq!(portions, expected);
}

#[test]
fn in_time_everybody_without_a_zone_is_asked_about_and_then_again() {
    let mut zones = Zones::default();
    let ids: Vec<_> = (0..50).map(id).collect();
    let mut asked = BTreeSet::new();
    for _ in 0..3 {
        let portions = zones.portions(&ids);
        assert!(portions.len() <= MOST_ALONE);
        asked.extend(portions.into_iter().flatten());
    }
    assert_eq!(asked.len(), 50);
    assert_eq!(zones.portions(&ids).len(), MOST_ALONE);
}

#[test]
fn the_ids_that_ec2_does_not_know_are_those_that_it_names() {
    let unknown = "The instance IDs 'i-0123456789abcdef0, i-01234567' do not exist";
    let found = named(Some("InvalidInstanceID.NotFound"), Some(unknown));
    assert_eq!(
        found,
        ["i-0123456789abcdef0", "i-01234567"]
            .map(str::to_owned)
            .into()
    );
    assert!(named(Some("InternalError"), Some(unknown)).is_empty());
    assert!(named(None, None).is_empty());
}
