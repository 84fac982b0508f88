use std::collections::BTreeMap;

use super::*;
use crate::facts::admission::Admission;
use crate::facts::groups::{Group, Member};
use crate::leader::protection::{Protect, Step};
use crate::leader::{Change, NO_RECORDS, NO_TASKS};
use crate::{Availability, Instance, Instances, ManagerEntry};

const WANTED: Wanted = Wanted {
    protect: true,
    names_hooks: false,
};

fn at(seconds: u64) -> Moment {
    Moment {
        up: Duration::from_secs(seconds),
        unix: 0,
        random: 0,
    }
}

fn manager(number: u8) -> NodeEntry {
    NodeEntry {
        id: format!("n{number}"),
        created: None,
        role: Role::Manager,
        availability: Availability::Active,
        labels: BTreeMap::new(),
        ready: true,
        down: false,
        asks_to_leave: None,
        manager: Some(ManagerEntry {
            address: ([10, 0, 0, number], 2377).into(),
            reachable: true,
            leader: number == 1,
        }),
        instance_id: Some(format!("i-{number}")),
        address: Some([10, 0, 0, number].into()),
    }
}

/// Three managers of one group.
struct Seen {
    nodes: Vec<NodeEntry>,
    instances: Instances,
}

impl Seen {
    fn new() -> Self {
        let instance = |number: u8| Instance {
            alive: true,
            role: Some(Role::Manager),
            group: Some("g".into()),
            addresses: vec![std::net::IpAddr::from([10, 0, 0, number]).into()],
            launched: Some(number.into()),
            ..Instance::default()
        };
        let instances = (1..=3).map(|number| (format!("i-{number}"), instance(number)));
        Self {
            nodes: (1..=3).map(manager).collect(),
            instances: Instances::that_are(instances.collect()),
        }
    }

    fn next(&self, protection: &mut Protection, wanted: Wanted, now: Moment) -> Next {
        let seen = Snapshot {
            own: "i-1",
            nodes: &self.nodes,
            instances: &self.instances,
            records: NO_RECORDS,
            tasks: NO_TASKS,
            epoch: None,
            admission: Admission::Enforce,
            now,
        };
        let names = protection.look(&seen, wanted);
        protection.next(&seen, wanted, &names)
    }
}

fn unhooked(now: Moment, protection: &mut Protection) {
    let hooks = Hooked {
        launching: true,
        terminating: false,
    };
    protection.learn(Done::Hooks("g".into(), hooks), now);
}

fn described(now: Moment, protection: &mut Protection) {
    let member = |number: u8| Member {
        id: format!("i-{number}"),
        in_service: true,
        ..Member::default()
    };
    let group = Group {
        name: "g".into(),
        desired: 3,
        maximum: 3,
        members: (1..=3).map(member).collect(),
        ..Group::default()
    };
    protection.learn(Done::Described(vec![group]), now);
}

#[test]
fn hooks_are_asked_for_and_then_the_groups_and_then_it_acts() {
    let (seen, mut protection) = (Seen::new(), Protection::default());
    let names = vec!["g".to_owned()];
    let next = seen.next(&mut protection, WANTED, at(0));
    assert_eq!(next, Next::Ask(Question::Hooks(names.clone())));
    unhooked(at(0), &mut protection);
    let next = seen.next(&mut protection, WANTED, at(0));
    assert_eq!(next, Next::Ask(Question::Describe(names)));
    described(at(0), &mut protection);
    let next = seen.next(&mut protection, WANTED, at(0));
    assert!(matches!(next, Next::Do(..)), "{next:?}");
}

#[test]
fn what_a_record_says_is_written_before_it_is_so_and_who_is_spared_after_that() {
    let (seen, mut protection) = (Seen::new(), Protection::default());
    unhooked(at(0), &mut protection);
    described(at(0), &mut protection);
    let Next::Do(steps, _) = seen.next(&mut protection, WANTED, at(0)) else {
        panic!("all is known");
    };
    let said = |step: &Step| match step {
        Step::Record(Change::Entry { node, change, .. }) => {
            format!("{node} {:?}", change.labels.values().next())
        }
        Step::Ask(Question::Protect(calls)) => format!("{calls:?}"),
        step => panic!("{step:?}"),
    };
    let call = Protect {
        group: "g".into(),
        instances: vec!["i-1".into(), "i-3".into()],
        protected: true,
    };
    let steps: Vec<String> = steps.iter().map(said).collect();
    let protected = |node: &str| format!(r#"{node} Some(Some("protected"))"#);
    let spared = r#"n2 Some(Some("spared"))"#.to_owned();
    let call = format!("{:?}", [call]);
    assert_eq!(steps, [protected("n1"), protected("n3"), call, spared]);
}

#[test]
fn a_group_with_a_hook_needs_nothing() {
    let (seen, mut protection) = (Seen::new(), Protection::default());
    let hooks = Hooked {
        launching: true,
        terminating: true,
    };
    protection.learn(Done::Hooks("g".into(), hooks), at(0));
    let nothing = Next::Do(Vec::new(), None);
    assert_eq!(seen.next(&mut protection, WANTED, at(0)), nothing);
    let names_hooks = Wanted {
        names_hooks: true,
        ..WANTED
    };
    let mut protection = Protection::default();
    assert_eq!(seen.next(&mut protection, names_hooks, at(0)), nothing);
}

#[test]
fn what_failed_is_not_asked_at_once_and_then_looked_at_anew() {
    let (seen, mut protection) = (Seen::new(), Protection::default());
    unhooked(at(0), &mut protection);
    described(at(0), &mut protection);
    protection.failed(at(0));
    let Next::Hold(left) = seen.next(&mut protection, WANTED, at(0)) else {
        panic!("it is to wait");
    };
    let later = at(left.as_secs() + 1);
    let next = seen.next(&mut protection, WANTED, later);
    assert_eq!(next, Next::Ask(Question::Describe(vec!["g".into()])));
}
