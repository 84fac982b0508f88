use std::time::Duration;

use super::*;
use crate::departure::Cause;
use crate::departure::latch::{Heard, Rules};
use crate::departure::notice::Notices;
use crate::node::{DepartureEvent, Event, Files, Own, Policy};
use crate::{Availability, EngineState, Identity, Member, Role};

fn second() -> Epoch {
    Epoch::FIRST.next()
}

fn at(seconds: u64) -> Moment {
    Moment {
        up: Duration::from_secs(seconds),
        unix: 1_800_000_000 + seconds,
        random: 0,
    }
}

fn membership() -> Membership {
    Membership {
        instance_id: "i-1".into(),
        node_id: "n".into(),
        swarm_id: "s".into(),
        epoch: Epoch::FIRST,
    }
}

fn started(files: Files, now: Moment) -> Node {
    let own = Own {
        instance_id: "i-1".into(),
        role: Role::Manager,
        address: "10.0.0.1:2377".parse().unwrap(),
        group: None,
        boot: "boot".into(),
    };
    let policy = Policy {
        claim_patience: Duration::from_mins(5),
        recovery: None,
        departure: Rules {
            rebalance: true,
            maintenance: true,
            drain_limit: Duration::from_mins(15),
            margin: Duration::from_secs(30),
            traffic_wait: Duration::ZERO,
        },
        manager_availability: Availability::Active,
        launch: None,
    };
    Node::start(own, policy, files, now)
}

/// Writes so many of the files that are to be written; what the disk has then.
fn saved(node: &mut Node, disk: &mut Files, most: usize) -> Vec<FileName> {
    let mut written = Vec::new();
    while let Some(file) = node.unsaved().filter(|_| written.len() < most) {
        disk.write(&file);
        let name = file.name();
        written.push(name);
        node.learn(Event::Saved(name), at(0));
    }
    written
}

/// A manager that has forced a new cluster, and remembers its peers.
fn forced() -> Files {
    let peer = Peer {
        node_id: "m".into(),
        instance_id: None,
        address: "10.0.0.2:2377".parse().unwrap(),
    };
    Files {
        membership: Some(membership()),
        peers: vec![peer],
        acts: Acts {
            at: Some(50),
            forced: Some(second()),
        },
        ..Files::default()
    }
}

#[test]
fn an_act_is_remembered_over_restarts_and_reboots() {
    let acts = started(Files::default(), at(100)).record_of(Act::Leave, at(100));
    assert_eq!(acts.age(at(160)), Some(Duration::from_mins(1)));
    let rebooted = acts.age(at(40));
    assert_eq!(rebooted, Some(Duration::from_secs(40)), "at least");
    assert_eq!(Acts::default().age(at(40)), None);
}

/// A join that failed is taken back by leaving, and may be at once again.
#[test]
fn only_a_member_s_leaving_is_an_act() {
    let outside = started(Files::default(), at(0));
    let files = Files {
        membership: Some(membership()),
        ..Files::default()
    };
    let inside = started(files, at(0));
    for leaving in [Action::Leave, Action::Depart] {
        assert_eq!(outside.act_of(&leaving), None);
        assert_eq!(inside.act_of(&leaving), Some(Act::Leave));
    }
    let recover = Action::Recover(second());
    assert_eq!(outside.act_of(&recover), Some(Act::Recover(second())));
    assert_eq!(outside.act_of(&Action::RestartEngine), Some(Act::Restart));
    assert_eq!(outside.act_of(&Action::ClearSwarm), Some(Act::Clear));
    assert_eq!(inside.act_of(&Action::ReadTicket), None);
}

#[test]
fn a_forced_epoch_is_on_record_until_it_is_settled() {
    let mut disk = Files::default();
    let mut node = started(disk.clone(), at(0));
    disk.acts = node.record_of(Act::Recover(second()), at(0));
    node.learn(Event::Recorded(Act::Recover(second())), at(0));
    disk.acts = node.record_of(Act::Restart, at(700));
    node.learn(Event::Recorded(Act::Restart), at(700));
    assert_eq!(disk.acts.forced, Some(second()));
    assert_eq!(
        node.unsaved(),
        None,
        "a record is on disk before it is told"
    );
    node.learn(Event::Remembered(membership()), at(701));
    let written = saved(&mut node, &mut disk, 9);
    assert_eq!(written, [FileName::Membership, FileName::Acts]);
    assert_eq!((disk.acts.at, disk.acts.forced), (Some(700), None));
}

#[test]
fn an_act_that_did_not_take_place_does_not_count() {
    let mut disk = forced();
    let mut node = started(disk.clone(), at(100));
    node.learn(Event::TakenBack, at(100));
    assert_eq!(saved(&mut node, &mut disk, 9), [FileName::Acts]);
    assert_eq!((disk.acts.at, disk.acts.forced), (None, Some(second())));
}

/// Whatever was written when the agent ended: what it finds is what it was, or what it was to be.
#[test]
fn a_swarm_that_was_left_is_forgotten_file_by_file() {
    for most in 0..=3 {
        let mut disk = forced();
        let mut node = started(disk.clone(), at(100));
        node.learn(Event::Left, at(100));
        let written = saved(&mut node, &mut disk, most);
        let order = [FileName::Membership, FileName::Peers, FileName::Acts];
        assert_eq!(written, order[..most]);
        assert_eq!(disk.membership.is_none(), most > 0);
        assert_eq!(disk.peers.is_empty(), most > 1);
        assert_eq!(disk.acts.forced.is_none(), most > 2);
        let again = started(disk, at(200));
        assert_eq!(again.unsaved(), None);
    }
}

#[test]
fn a_nonce_is_drawn_once_an_epoch_and_outlives_a_swarm() {
    let mut disk = Files::default();
    let mut node = started(disk.clone(), at(0));
    node.learn(Event::Nonce(second(), "first".into()), at(0));
    node.learn(Event::Nonce(second(), "other".into()), at(0));
    node.learn(Event::Left, at(0));
    saved(&mut node, &mut disk, 9);
    let node = started(disk, at(0));
    assert_eq!(node.nonce(second()), Some("first"));
    assert_eq!(node.nonce(Epoch::FIRST), None);
}

#[test]
fn peers_that_stay_are_not_written_again() {
    let mut node = started(forced(), at(0));
    node.learn(Event::Peers(forced().peers), at(0));
    assert_eq!(node.unsaved(), None);
    node.learn(Event::Peers(Vec::new()), at(0));
    assert_eq!(node.unsaved(), Some(File::Peers(&[])));
}

#[test]
fn each_change_of_a_departure_is_to_be_on_disk_and_nothing_waits_for_it() {
    let mut disk = Files::default();
    let mut node = started(disk.clone(), at(0));
    let heard = Heard {
        notices: Notices::default(),
        request: Some(Some(crate::departure::Request::Leave)),
    };
    node.learn(Event::Heard(heard.clone()), at(0));
    assert!(!node.unsaved().unwrap().is_needed());
    assert_eq!(saved(&mut node, &mut disk, 9), [FileName::Departure]);
    node.learn(Event::Heard(heard), at(1));
    assert_eq!(node.unsaved(), None, "the same is heard");
    node.learn(Event::Departure(DepartureEvent::Marked(Ok(()))), at(2));
    saved(&mut node, &mut disk, 9);
    assert!(disk.departure.as_ref().unwrap().marked);
    // Removed, while nobody reached it: what it had said there says nothing in the swarm that it joins next.
    node.learn(Event::Left, at(3));
    saved(&mut node, &mut disk, 9);
    assert!(!disk.departure.unwrap().marked);
}

/// Others read whether it goes for good: a drain is announced without a time.
#[test]
fn a_node_that_was_drained_and_is_to_go_says_so_with_its_time() {
    let mut disk = Files {
        membership: forced().membership,
        ..Files::default()
    };
    let mut node = started(disk.clone(), at(0));
    let heard = |request| Heard {
        notices: Notices::default(),
        request: Some(Some(request)),
    };
    node.learn(Event::Heard(heard(crate::departure::Request::Drain)), at(0));
    node.learn(Event::Departure(DepartureEvent::Announced(Ok(()))), at(1));
    assert_eq!(node.departure().unwrap().told(), 0);
    node.learn(Event::Heard(heard(crate::departure::Request::Leave)), at(2));
    let again = |node: &Node| {
        node.progress
            .seen(node.departure().unwrap(), None, at(2))
            .again
    };
    assert!(again(&node));
    assert_ne!(node.departure().unwrap().told(), 0);
    node.learn(Event::Departure(DepartureEvent::Announced(Ok(()))), at(3));
    assert!(!again(&node));
    saved(&mut node, &mut disk, 9);
    assert_eq!(
        disk.departure.unwrap().announced,
        Some(1_800_000_001),
        "it was heard before"
    );
}

/// The engine's labels are made anew at a boot, without what they said of a departure.
#[test]
fn what_was_said_in_another_boot_is_not_said() {
    let mut disk = Files::default();
    let mut node = started(disk.clone(), at(0));
    let leave = Heard {
        notices: Notices::default(),
        request: Some(Some(crate::departure::Request::Leave)),
    };
    node.learn(Event::Heard(leave), at(0));
    node.learn(Event::Departure(DepartureEvent::Announced(Ok(()))), at(1));
    saved(&mut node, &mut disk, 9);
    let announced = |files: &Files| {
        let node = started(files.clone(), at(5));
        node.departure().and_then(|departure| departure.announced)
    };
    assert_eq!(announced(&disk), Some(1_800_000_001));
    disk.departure.as_mut().unwrap().boot = "an earlier one".into();
    assert_eq!(announced(&disk), None);
}

/// Only a member of a swarm is one of an epoch.
/// It was drained before a reboot, said so again after it, and its agent ends when that is called off.
#[test]
fn what_was_said_after_a_reboot_is_taken_back_also_by_an_agent_that_starts_then() {
    let mut disk = Files {
        departure: Some(Departure {
            cause: Cause::Drain,
            deadline: None,
            traffic_until: None,
            boot: "an earlier one".into(),
            announced: Some(1),
            marked: false,
            left: false,
            completed: false,
            withdrawn: false,
        }),
        ..Files::default()
    };
    let mut node = started(disk.clone(), at(0));
    node.learn(Event::Departure(DepartureEvent::Announced(Ok(()))), at(1));
    let activated = Heard {
        request: Some(None),
        ..Heard::default()
    };
    node.learn(Event::Heard(activated.clone()), at(2));
    saved(&mut node, &mut disk, usize::MAX);
    let mut again = started(disk, at(3));
    again.learn(Event::Heard(activated), at(3));
    let left = again.departure().expect("it has to be taken back");
    assert!(left.withdrawn && left.announced.is_some());
}

#[test]
fn a_node_is_a_member_by_its_engines_word() {
    let mut node = started(Files::default(), at(0));
    assert_eq!(node.member_of("s".into(), Epoch::FIRST), None);
    let identity = Identity {
        node_id: Some("n".into()),
        swarm_id: Some("s".into()),
        ..Identity::default()
    };
    let pending = EngineState::Pending(identity.clone());
    node.learn(Event::Engine(pending), at(0));
    assert_eq!(node.member_of("s".into(), Epoch::FIRST), None);
    let control = crate::Control::Worker;
    let active = EngineState::Active(Member { identity, control });
    node.learn(Event::Engine(active), at(0));
    assert_eq!(node.member_of("s".into(), Epoch::FIRST), Some(membership()));
}
