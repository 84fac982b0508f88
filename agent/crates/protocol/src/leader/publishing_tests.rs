use std::collections::BTreeMap;

use super::*;
use crate::facts::admission::Admission;
use crate::leader::{NO_RECORDS, NO_TASKS};
use crate::{Availability, Instances, ManagerEntry, Role};

const FIRST: Epoch = Epoch::FIRST;

fn at(seconds: u64) -> Moment {
    Moment {
        up: Duration::from_secs(seconds),
        unix: seconds,
        random: 0,
    }
}

fn node(number: u8, manager: Option<(bool, bool)>) -> NodeEntry {
    let manager = manager.map(|(reachable, leader)| ManagerEntry {
        address: ([10, 0, 0, number], 2377).into(),
        reachable,
        leader,
    });
    NodeEntry {
        id: format!("n{number}"),
        created: None,
        role: manager.map_or(Role::Worker, |_| Role::Manager),
        availability: Availability::Active,
        labels: BTreeMap::new(),
        ready: true,
        down: false,
        asks_to_leave: None,
        manager,
        instance_id: Some(format!("i-{number}")),
        address: Some([10, 0, 0, number].into()),
    }
}

/// A leader with the highest address, a manager that raft does not reach, and a worker.
fn nodes() -> Vec<NodeEntry> {
    vec![
        node(1, Some((true, false))),
        node(2, Some((false, false))),
        node(3, Some((true, true))),
        node(4, None),
    ]
}

fn swarm(token: &str) -> Swarm {
    Swarm {
        id: "swarm".into(),
        epoch: Some(FIRST),
        worker_token: token.to_owned().into(),
        autolock: false,
        rotated: None,
    }
}

fn token() -> String {
    format!("SWMTKN-1-{}-{}", "0".repeat(50), "1".repeat(25))
}

fn asked(
    publication: &mut Publication,
    nodes: &[NodeEntry],
    epoch: Option<Epoch>,
    read: Option<&Stored>,
    now: Moment,
) -> Result<Option<Publish>, Unpublishable> {
    let seen = Snapshot {
        own: "i-3",
        nodes,
        instances: &Instances::default(),
        records: NO_RECORDS,
        tasks: NO_TASKS,
        epoch,
        admission: Admission::Enforce,
        now,
    };
    publication.next(&seen, &swarm(&token()), None, read)
}

fn next(publication: &mut Publication, now: Moment) -> Result<Option<Publish>, Unpublishable> {
    asked(publication, &nodes(), Some(FIRST), None, now)
}

/// Its ticket is stored as `nodes` say.
fn published(now: Moment) -> Publication {
    let mut publication = Publication::default();
    let publish = next(&mut publication, now).expect("possible").expect("due");
    publication.written(publish.ticket, now);
    publication
}

#[test]
fn it_says_whom_to_ask_and_whose_end_is_the_swarms() {
    let publish = next(&mut Publication::default(), at(7)).expect("possible");
    let ticket = publish.expect("nothing is stored").ticket;
    let addresses = [3, 1].map(|number: u8| SocketAddr::from(([10, 0, 0, number], 2377)));
    assert_eq!(ticket.managers, addresses, "the leader first");
    assert_eq!(ticket.instances, ["i-1", "i-2", "i-3"]);
    assert_eq!((&*ticket.issued_by, ticket.issued_at), ("i-3", 7));
}

#[test]
fn it_is_written_once_and_looked_at_each_minute() {
    let mut publication = published(at(0));
    assert_eq!(next(&mut publication, at(59)), Ok(None));
    let looks = next(&mut publication, at(60)).expect("possible");
    assert_eq!(looks.expect("due").known, None, "it is read first");
}

#[test]
fn before_there_is_an_epoch_or_a_manager_nothing_is_said() {
    let mut publication = Publication::default();
    let none = asked(&mut publication, &nodes(), None, None, at(0));
    assert_eq!(none, Ok(None));
    let alone = [node(1, Some((false, true)))];
    let none = asked(&mut publication, &alone, Some(FIRST), None, at(0));
    assert_eq!(none, Ok(None));
}

#[test]
fn who_is_promoted_is_named_until_it_is_somebody_elses_turn() {
    let mut publication = published(at(0));
    publication.name("n4");
    let naming = next(&mut publication, at(1)).expect("possible");
    let ticket = naming.expect("one more").ticket;
    assert_eq!(ticket.instances, ["i-1", "i-2", "i-3", "i-4"]);
    publication.written(ticket, at(1));
    publication.keep_named(Some("n4"));
    assert_eq!(next(&mut publication, at(5)), Ok(None));
    let again = next(&mut publication, at(6)).expect("possible");
    assert!(again.is_some(), "whoever led meanwhile did not know of it");
    publication.keep_named(None);
    let less = next(&mut publication, at(6)).expect("possible");
    assert_eq!(less.expect("one less").ticket.instances.len(), 3);
}

#[test]
fn a_write_without_an_answer_is_read_back() {
    let mut publication = published(at(0));
    publication.answered(false);
    let again = next(&mut publication, at(1)).expect("possible");
    assert_eq!(again.expect("unsure").known, None);
    publication.answered(true);
    assert_eq!(next(&mut publication, at(1)), Ok(None));
}

#[test]
fn what_was_read_before_it_led_counts() {
    let read = asked(
        &mut Publication::default(),
        &nodes(),
        Some(FIRST),
        Some(&None),
        at(0),
    );
    let publish = read.expect("possible").expect("nothing is stored");
    assert_eq!(publish.known, Some(None), "it need not be read again");
}

#[test]
fn a_later_epochs_ticket_ends_it() {
    let mut publication = published(at(0));
    let mut later = publication.ticket(at(0)).expect("stored").0.clone();
    later.epoch = FIRST.next();
    publication.read(Some(later), at(1));
    let superseded = Unpublishable::Superseded(FIRST.next());
    assert_eq!(next(&mut publication, at(1)), Err(superseded));
}

#[test]
fn a_token_that_is_none_is_not_published() {
    let seen = Snapshot {
        own: "i-3",
        nodes: &nodes(),
        instances: &Instances::default(),
        records: NO_RECORDS,
        tasks: NO_TASKS,
        epoch: Some(FIRST),
        admission: Admission::Enforce,
        now: at(0),
    };
    let next = Publication::default().next(&seen, &swarm("SWMTKN"), None, None);
    assert!(matches!(next, Err(Unpublishable::Token(_))), "{next:?}");
}
