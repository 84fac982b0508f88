use proptest::prelude::*;

use super::DrainedFor::{Asked, Marked};
use super::*;

const NOW: u64 = 1_000_000;

fn node(n: usize) -> Node {
    Node {
        id: format!("n{n}"),
        ready: true,
        availability: Availability::Active,
        asks: None,
        marked: None,
        silent: false,
        drained_for: None,
        tasks: 1,
    }
}

fn leaving(n: usize, deadline: u64) -> Node {
    Node {
        asks: Some(deadline),
        ..node(n)
    }
}

fn drained(nodes: &[Node]) -> Vec<&str> {
    let steps = next(nodes, 0, NOW).into_iter();
    steps
        .filter(|(_, step)| matches!(step, Draining::Drain(_)))
        .map(|(node, _)| node.id.as_str())
        .collect()
}

#[test]
fn nodes_that_leave_take_turns_by_their_deadlines() {
    let mut nodes: Vec<Node> = (0..7).map(node).collect();
    nodes.extend([leaving(7, 0), leaving(8, NOW + 900), leaving(9, NOW + 500)]);
    assert_eq!(drained(&nodes), ["n9", "n8"]);
    nodes[9].availability = Availability::Drain;
    assert_eq!(drained(&nodes), ["n8"]);
    nodes[8].availability = Availability::Drain;
    assert!(drained(&nodes).is_empty() && under_way(&nodes).count() > 0);
    nodes[9].tasks = 0;
    assert_eq!(drained(&nodes), ["n7"]);
}

#[test]
fn nodes_that_are_down_let_no_more_lose_their_tasks() {
    let mut nodes: Vec<Node> = (0..8).map(node).collect();
    nodes.extend([leaving(8, NOW + 900), leaving(9, NOW + 500)]);
    assert_eq!(drained(&nodes), ["n9", "n8"]);
    nodes[0].ready = false;
    assert_eq!(drained(&nodes), ["n9"]);
}

#[test]
fn a_demoted_manager_stays_when_its_engine_takes_back_what_its_entry_still_says() {
    let marked = Node {
        availability: Availability::Drain,
        marked: Some(0),
        ..node(1)
    };
    let steps = |node: &Node| -> Vec<Draining> {
        let steps = next(std::slice::from_ref(node), 0, NOW).into_iter();
        steps.map(|(_, step)| step).collect()
    };
    assert!(steps(&marked).is_empty());
    let says_so = Node {
        asks: Some(0),
        ..marked.clone()
    };
    assert_eq!(steps(&says_so), [Draining::Note]);
    let taken_back = Node {
        drained_for: Some(Asked),
        ..marked.clone()
    };
    assert_eq!(steps(&taken_back), [Draining::Undo]);
    // It was over before any leader had seen what the engine says.
    let silent = Node {
        silent: true,
        ..marked
    };
    assert_eq!(steps(&silent), [Draining::Undo]);
    let drained_by_leader = Node {
        drained_for: Some(Marked),
        ..silent
    };
    assert_eq!(steps(&drained_by_leader), [Draining::Undo]);
}

#[test]
fn what_the_last_one_has_lost_runs_again_before_the_next_one_goes() {
    let nodes: Vec<Node> = (0..5).map(|n| leaving(n, NOW + 900)).collect();
    let steps = |starting| -> Vec<Draining> {
        let steps = next(&nodes, starting, NOW).into_iter();
        steps.map(|(_, step)| step).collect()
    };
    let (pause, drain) = (Draining::Pause(Asked), Draining::Drain(Asked));
    assert_eq!(steps(1), [pause; 5]);
    assert_eq!(steps(0), [pause, pause, pause, pause, drain]);
}

#[test]
fn who_is_in_a_hurry_or_idle_does_not_wait() {
    let mut nodes: Vec<Node> = (0..5).map(|n| leaving(n, NOW + 900)).collect();
    nodes[0].availability = Availability::Drain;
    nodes[3].asks = Some(NOW + PRESSING);
    nodes[4].tasks = 0;
    assert_eq!(drained(&nodes), ["n3", "n4"]);
    nodes[3].ready = false;
    assert_eq!(drained(&nodes), ["n4"]);
}

#[test]
fn a_departure_that_was_called_off_is_undone_and_a_persons_drain_is_not() {
    let is_drained = |asks, marked, drained_for| Node {
        asks,
        marked,
        drained_for,
        availability: Availability::Drain,
        ..node(1)
    };
    for (asks, marked, drained_for, step) in [
        (None, None, None, None),
        (None, None, Some(Asked), Some(Draining::Undo)),
        (None, Some(0), Some(Asked), Some(Draining::Undo)),
        (None, None, Some(Marked), Some(Draining::Undo)),
        (None, Some(0), Some(Marked), None),
        (Some(0), Some(0), Some(Marked), Some(Draining::Note)),
        (Some(0), None, Some(Asked), None),
        (Some(0), None, None, None),
    ] {
        let node = [is_drained(asks, marked, drained_for)];
        let steps: Vec<_> = next(&node, 0, NOW)
            .into_iter()
            .map(|(_, step)| step)
            .collect();
        assert_eq!(steps, step.into_iter().collect::<Vec<_>>(), "{node:?}");
        let silent = [Node {
            ready: false,
            ..node[0].clone()
        }];
        assert!(
            next(&silent, 0, NOW)
                .iter()
                .all(|(_, step)| *step != Draining::Undo)
        );
    }
}

proptest! {
    /// At no time more than their share lose tasks without need, and in the end all that leave are drained.
    #[test]
    fn all_get_their_turn(
        nodes in prop::collection::vec((prop::option::of(0_u64..3), 0_usize..3), 1..40),
    ) {
        let mut nodes: Vec<Node> = nodes
            .into_iter()
            .enumerate()
            .map(|(n, (asks, tasks))| Node {
                asks: asks.map(|at| if at == 0 { 0 } else { NOW + 200 * at }),
                tasks,
                ..node(n)
            })
            .collect();
        let share = (nodes.len() / SHARE).max(1);
        for _ in 0..200 {
            let ids: Vec<String> = drained(&nodes).into_iter().map(str::to_owned).collect();
            for node in nodes.iter_mut().filter(|n| ids.contains(&n.id)) {
                node.availability = Availability::Drain;
            }
            let losing = |n: &&mut Node| n.is_drained() && n.tasks > 0;
            prop_assert!(nodes.iter_mut().filter(losing).count() <= share);
            if let Some(node) = nodes.iter_mut().find(losing) {
                node.tasks -= 1;
            }
        }
        prop_assert!(under_way(&nodes).count() == 0);
        prop_assert!(nodes.iter().all(|n| n.is_drained() == n.asks.is_some()));
    }
}
