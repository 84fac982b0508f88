//! The protocol, explored: every interleaving of a few nodes, of crashes, ends, cut links and lost
//! or late answers, with the production decision. `docs/protocol.md` says what is checked where.
//!
//! `cargo test --test model -- --nocapture` shows a line an exploration; with `--ignored` come the
//! larger ones, which take many minutes more.

mod admission;
mod adversary;
mod ages;
mod chores;
mod departures;
mod effects;
mod engine;
mod engine_view;
mod heard;
mod list;
mod liveness;
mod minds;
mod mutants;
mod names;
mod properties;
mod protocol;
mod raft;
mod registers;
mod report;
mod rest;
mod scenes;
mod set;
mod stranger_tests;
mod strangers;
mod turn;
mod variant;
mod words;
mod world;

use report::{holds, recovers};
use scenes::{forming, replaced};
use world::Budget;

const NONE: Budget = Budget {
    crashes: 0,
    ends: 0,
    cuts: 0,
    stale: 0,
    lost: 0,
    evictions: 0,
    notices: 0,
    strangers: 0,
};

#[test]
fn two_managers_form_one_swarm() {
    let budget = Budget {
        crashes: 1,
        stale: 1,
        lost: 1,
        ..NONE
    };
    let seen = holds("two managers boot", &forming(2, 0, 3, budget));
    assert!(seen.contains("passed over"));
    recovers("two managers boot", &forming(2, 0, 2, budget));
}

#[test]
fn three_managers_form_one_swarm() {
    holds(
        "three managers boot",
        &forming(3, 0, 2, Budget { lost: 1, ..NONE }),
    );
}

#[test]
fn a_first_manager_may_end_at_any_step() {
    let budget = Budget {
        crashes: 1,
        ends: 1,
        lost: 1,
        ..NONE
    };
    holds("two managers and a worker boot", &forming(2, 1, 2, budget));
    recovers("two managers and a worker boot", &forming(2, 1, 2, budget));
}

#[test]
fn managers_may_end_and_be_cut_off_while_others_are_promoted() {
    let budget = Budget {
        ends: 1,
        cuts: 1,
        ..NONE
    };
    holds(
        "a manager, two wait",
        &replaced(
            1,
            2,
            0,
            2,
            Budget {
                crashes: 1,
                ..budget
            },
        )
        .without_last(),
    );
    recovers(
        "a manager, two wait",
        &replaced(1, 2, 0, 2, budget).without_last(),
    );
}

#[test]
fn a_lost_majority_is_recovered_once() {
    let budget = Budget {
        crashes: 1,
        ends: 2,
        cuts: 1,
        ..NONE
    };
    let start = |budget| replaced(3, 0, 0, 3, budget).without_last();
    let seen = holds("three managers", &start(Budget { stale: 1, ..budget }));
    assert!(seen.contains("recovered"));
    recovers("three managers", &start(budget));
}

/// Exactly half are gone: that counts only where all others are heard, and know no leader.
#[test]
fn half_of_the_managers_are_lost() {
    let budget = Budget { ends: 2, ..NONE };
    let start = |budget| replaced(4, 0, 0, 2, budget).without_last();
    let seen = holds("four managers", &start(budget));
    assert!(seen.contains("recovered"));
    recovers("four managers", &start(budget));
}

/// Rounds that follow on one another rest on one look at the engine, which changes meanwhile.
#[test]
fn a_look_serves_more_than_its_round() {
    let boot = forming(2, 0, 2, Budget { lost: 1, ..NONE });
    holds(
        "two managers boot, looks serve",
        &boot.with_looks_that_serve(),
    );
    let cut = Budget {
        ends: 1,
        cuts: 1,
        ..NONE
    };
    let new = replaced(1, 0, 1, 2, Budget { crashes: 1, ..cut });
    holds(
        "a manager, its worker, a new manager, looks serve",
        &new.with_looks_that_serve(),
    );
    let two = replaced(3, 0, 0, 2, Budget { ends: 2, ..cut }).without_last();
    holds("three managers, looks serve", &two.with_looks_that_serve());
    let waits = replaced(1, 1, 0, 2, cut).without_last();
    holds(
        "a manager, one waits, looks serve",
        &waits.with_looks_that_serve(),
    );
}

#[test]
fn a_lost_swarm_is_replaced_once() {
    let budget = Budget {
        ends: 1,
        cuts: 1,
        ..NONE
    };
    let one = replaced(
        1,
        0,
        1,
        2,
        Budget {
            crashes: 1,
            stale: 1,
            ..budget
        },
    );
    let seen = holds("a manager, its worker, a new manager", &one);
    assert!(seen.contains("replaced") && seen.contains("moved on"));
    recovers("a manager, its worker, a new manager", &one);
    holds("two managers, a new one", &replaced(2, 0, 0, 2, budget));
    recovers("two managers, a new one", &replaced(2, 0, 0, 2, budget));
}

#[test]
fn a_removed_node_comes_back() {
    let budget = Budget {
        crashes: 1,
        cuts: 1,
        stale: 1,
        lost: 1,
        evictions: 1,
        ..NONE
    };
    let pair = replaced(1, 0, 1, 2, budget);
    let seen = holds("a worker is removed", &pair);
    assert!(seen.contains("back again"));
    recovers("a worker is removed", &pair);
}

/// One node of three is to go, by Auto Scaling or an operator.
#[test]
fn one_of_three_managers_departs() {
    let budget = Budget {
        crashes: 1,
        notices: 1,
        ..NONE
    };
    let start = |budget| replaced(3, 0, 0, 2, budget).without_last().with_tasks();
    let seen = holds("one of three managers departs", &start(budget));
    assert!(seen.contains("departed") && seen.contains("drained"));
    recovers("one of three managers departs", &start(budget));
}

/// The leader is cut off for a while, at any step of it: that delays the departure and loses nothing.
#[test]
fn a_leader_is_lost_while_one_departs() {
    let budget = Budget {
        cuts: 1,
        notices: 1,
        ..NONE
    };
    let start = replaced(3, 0, 0, 1, budget).without_last();
    let seen = holds("one of three managers departs, one is cut off", &start);
    assert!(seen.contains("departed"));
    recovers("one of three managers departs, one is cut off", &start);
}

/// A drain is called off while its manager has no leader to take its mark away with.
#[test]
fn a_drain_is_called_off_without_a_leader() {
    let budget = Budget {
        cuts: 1,
        notices: 2,
        ..NONE
    };
    let start = replaced(2, 0, 0, 1, budget).without_last();
    holds(
        "two managers, one is cut off, a drain is called off",
        &start,
    );
    recovers(
        "two managers, one is cut off, a drain is called off",
        &start,
    );
}

/// Two of three nodes are to go.
#[test]
fn departures_take_turns() {
    let budget = Budget { notices: 2, ..NONE };
    let workers = replaced(1, 0, 2, 2, budget).without_last().with_tasks();
    holds("two of three nodes depart", &workers);
    recovers("two of three nodes depart", &workers);
}

/// A drain begins and is called off, or a scale-in follows on it.
#[test]
fn a_departure_is_called_off() {
    let budget = Budget {
        crashes: 1,
        notices: 2,
        ..NONE
    };
    let start = replaced(1, 0, 1, 2, budget).without_last().with_tasks();
    let seen = holds("a manager and its worker, of which some depart", &start);
    assert!(seen.contains("departed") && seen.contains("taken back"));
    recovers("a manager and its worker, of which some depart", &start);
}

#[test]
#[ignore = "takes many minutes"]
fn larger() {
    let all = Budget {
        crashes: 1,
        ends: 1,
        cuts: 1,
        stale: 1,
        lost: 1,
        ..NONE
    };
    holds("two managers boot", &forming(2, 0, 3, all));
    holds(
        "two managers and a worker boot",
        &forming(2, 1, 2, Budget { cuts: 0, ..all }),
    );
    holds(
        "three managers boot",
        &forming(3, 0, 2, Budget { ends: 1, ..NONE }),
    );
    holds(
        "a manager, two wait",
        &replaced(1, 2, 0, 3, all).without_last(),
    );
    let two = Budget {
        ends: 2,
        cuts: 1,
        ..NONE
    };
    holds(
        "three managers, one waits",
        &replaced(3, 1, 0, 2, two).without_last(),
    );
    holds("three managers, a new one", &replaced(3, 0, 0, 2, two));
    holds("four managers", &replaced(4, 0, 0, 2, two).without_last());
    let depart = |notices, cuts| {
        let budget = Budget {
            cuts,
            notices,
            ..NONE
        };
        replaced(3, 0, 0, 2, budget).without_last().with_tasks()
    };
    holds("two of three managers depart", &depart(2, 0));
    recovers("two of three managers depart", &depart(2, 0));
    holds(
        "one of three managers departs, one is cut off",
        &depart(1, 1),
    );
    recovers(
        "one of three managers departs, one is cut off",
        &depart(1, 1),
    );
}
