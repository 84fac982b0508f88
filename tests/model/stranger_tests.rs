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

/// They go and come back as somebody else.
#[test]
fn again_and_again() {
    let start = replaced(1, 0, 1, 2, NONE).without_last().with_strangers(3);
    let seen = holds("a manager and its worker, strangers", &start);
    assert!(seen.contains("refused"));
    recovers("a manager and its worker, strangers", &start);
}

/// A manager, its worker, or one that waits to be promoted is out of contact.
#[test]
fn while_a_node_is_out_of_contact() {
    let cut = Budget { cuts: 1, ..NONE };
    let works = replaced(1, 0, 1, 2, cut).without_last().with_strangers(2);
    holds("a manager and its worker, a cut, strangers", &works);
    recovers("a manager and its worker, a cut, strangers", &works);
    let waits = replaced(1, 1, 0, 2, cut).without_last().with_strangers(1);
    holds("a manager, one waits, a cut, a stranger", &waits);
    recovers("a manager, one waits, a cut, a stranger", &waits);
}

/// A worker, or one that waits to be promoted, is removed by hand, and joins again.
#[test]
fn while_a_node_joins_again() {
    let budget = Budget {
        evictions: 1,
        ..NONE
    };
    let works = replaced(1, 0, 1, 2, Budget { ends: 1, ..budget }).without_last();
    let seen = holds(
        "a worker is removed, strangers",
        &works.clone().with_strangers(2),
    );
    assert!(seen.contains("back again"));
    recovers("a worker is removed, a stranger", &works.with_strangers(1));
    let cut = Budget { cuts: 1, ..budget };
    let cut = replaced(1, 0, 1, 2, cut).without_last().with_strangers(1);
    holds("a worker is removed, a cut, a stranger", &cut);
    recovers("a worker is removed, a cut, a stranger", &cut);
    let waits = replaced(1, 1, 0, 2, budget)
        .without_last()
        .with_strangers(1);
    let seen = holds("one that waits is removed, a stranger", &waits);
    assert!(seen.contains("back again"));
    recovers("one that waits is removed, a stranger", &waits);
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
    let start = |events| {
        let start = replaced(1, 0, 1, 2, budget).without_last().with_tasks();
        start.with_strangers(events)
    };
    let seen = holds("one of two nodes departs, a stranger", &start(1));
    assert!(seen.contains("departed"));
    // A broken rule ends a way, so this would find it as well.
    recovers("one of two nodes departs, strangers", &start(2));
    let managers = replaced(2, 0, 0, 2, budget)
        .without_last()
        .with_strangers(1);
    let seen = holds("one of two managers departs, a stranger", &managers);
    assert!(seen.contains("departed"));
    recovers("one of two managers departs, a stranger", &managers);
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
    let cut = Budget { cuts: 1, ..NONE };
    let works = pair(cut).with_strangers(3);
    holds("a manager and its worker, a cut, strangers", &works);
    let waits = replaced(1, 1, 0, 2, cut).without_last().with_strangers(2);
    holds("a manager, one waits, a cut, strangers", &waits);
}
