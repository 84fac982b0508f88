//! Strangers come, lie, go and come back, whatever becomes of the nodes of the cluster meanwhile.

use crate::NONE;
use crate::report::{holds, recovers};
use crate::scenes::replaced;
use crate::world::Budget;

/// Two nodes that are to be managers wait, one of them to join; strangers say that they are they.
#[test]
fn while_managers_join() {
    let start = |events| replaced(1, 1, 0, 2, NONE).with_strangers(events);
    let seen = holds("a manager, one waits, a new one, strangers", &start(2));
    assert!(seen.contains("refused") && seen.contains("admitted"));
    recovers("a manager, one waits, a new one, strangers", &start(1));
}

/// They go and come back as somebody else, while a manager or its worker is out of contact.
#[test]
fn while_a_node_is_out_of_contact() {
    let start = |budget| replaced(1, 0, 1, 2, budget).without_last();
    let alone = start(NONE).with_strangers(3);
    let seen = holds("a manager and its worker, strangers", &alone);
    assert!(seen.contains("refused"));
    recovers("a manager and its worker, strangers", &alone);
    let start = start(Budget { cuts: 1, ..NONE });
    holds(
        "a manager and its worker, one is cut off, strangers",
        &start.clone().with_strangers(2),
    );
    recovers(
        "a manager and its worker, one is cut off, strangers",
        &start.with_strangers(2),
    );
}

/// A worker may be removed by hand, and joins again.
#[test]
fn while_a_node_joins_again() {
    let budget = Budget {
        evictions: 1,
        ends: 1,
        ..NONE
    };
    let start = |events| {
        replaced(1, 0, 1, 2, budget)
            .without_last()
            .with_strangers(events)
    };
    holds("a worker is removed, strangers", &start(2));
    recovers("a worker is removed, strangers", &start(1));
}

/// Another manager leads after a cut.
#[test]
fn while_the_leader_changes() {
    let budget = Budget { cuts: 1, ..NONE };
    let start = replaced(3, 0, 0, 2, budget)
        .without_last()
        .with_strangers(1);
    holds("three managers, a stranger", &start);
    recovers("three managers, a stranger", &start);
}

/// The only manager ends, or its worker does, and another instance takes its place: in a swarm of its own, if it has to.
#[test]
fn while_a_manager_is_replaced() {
    let budget = Budget { ends: 1, ..NONE };
    let start = replaced(1, 0, 1, 2, budget).with_strangers(1);
    holds("a manager, its worker, a new manager, a stranger", &start);
    recovers("a manager, its worker, a new manager, a stranger", &start);
}

/// Strangers say that they leave, too, with tasks that never end.
#[test]
fn while_nodes_depart() {
    let budget = Budget { notices: 1, ..NONE };
    let start = replaced(1, 0, 1, 2, budget).without_last().with_tasks();
    let start = start.with_strangers(2);
    let seen = holds("one of two nodes departs, strangers", &start);
    assert!(seen.contains("departed"));
    recovers("one of two nodes departs, strangers", &start);
}

#[test]
#[ignore = "takes minutes"]
fn larger() {
    let ends = Budget { ends: 1, ..NONE };
    let new = replaced(3, 0, 0, 2, ends).with_strangers(1);
    holds("three managers, a new one, a stranger", &new);
    recovers("three managers, a new one, a stranger", &new);
    let departs = Budget {
        crashes: 1,
        notices: 1,
        ..NONE
    };
    let pair = |budget| replaced(1, 0, 1, 2, budget).without_last().with_tasks();
    let start = pair(departs).with_strangers(2);
    holds("one of two nodes departs, strangers", &start);
    recovers("one of two nodes departs, strangers", &start);
    let cut = pair(Budget { cuts: 1, ..NONE }).with_strangers(3);
    holds("a manager and its worker, one is cut off, strangers", &cut);
    let faults = Budget {
        crashes: 1,
        ends: 1,
        ..NONE
    };
    let joins = replaced(1, 1, 0, 2, faults).with_strangers(1);
    holds("a manager, one waits, a new one, a stranger", &joins);
}
