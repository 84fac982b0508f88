use proptest::prelude::*;

use super::DrainedFor::{Asked, Marked};
use super::*;
use crate::leader::Records;
use crate::leader::admission::Admission;
use crate::{Instances, Tasks};

const NOW: u64 = 1_000_000;
const NOW_MOMENT: Moment = Moment {
    up: Duration::from_hours(1),
    unix: NOW,
    random: 0,
};

/// An entry, by what matters here.
#[derive(Clone, Debug)]
struct Node {
    id: String,
    ready: bool,
    availability: Availability,
    asks: Option<u64>,
    marked: Option<u64>,
    silent: bool,
    drained_for: Option<DrainedFor>,
    tasks: usize,
}

impl Node {
    fn entry(&self) -> NodeEntry {
        let marked = self.marked.map(|at| (DEPARTING_LABEL, at.to_string()));
        let record = self
            .drained_for
            .map(|word| (DRAINED_LABEL, word.as_str().to_owned()));
        let admitted = Some((ACTIVATED, "i-1".to_owned()));
        let labels = marked.into_iter().chain(record).chain(admitted);
        NodeEntry {
            id: self.id.clone(),
            created: None,
            role: Role::Worker,
            availability: self.availability,
            labels: labels.map(|(key, value)| (key.to_owned(), value)).collect(),
            ready: self.ready,
            down: !self.ready,
            instance_id: None,
            asks_to_leave: self.asks,
            address: None,
            manager: None,
        }
    }

    fn is_drained(&self) -> bool {
        self.availability == Availability::Drain
    }
}

/// A swarm of these.
struct Swarm {
    entries: Vec<NodeEntry>,
    tasks: Tasks,
    silence: Silence,
}

impl Swarm {
    fn of(nodes: &[Node], starting: usize) -> Self {
        let silent = nodes.iter().filter(|node| node.silent);
        let long_ago = NOW_MOMENT.ago(SILENT);
        Self {
            entries: nodes.iter().map(Node::entry).collect(),
            tasks: Tasks {
                running: nodes.iter().map(|n| (n.id.clone(), n.tasks)).collect(),
                starting,
            },
            silence: Silence(silent.map(|n| (n.id.clone(), long_ago)).collect()),
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Snapshot<'_>, &Silence) -> T) -> T {
        let seen = Snapshot {
            own: "i-1",
            admission: Admission::Enforce,
            nodes: &self.entries,
            instances: &Instances::default(),
            records: &Records::default(),
            tasks: &self.tasks,
            epoch: None,
            now: NOW_MOMENT,
        };
        ask(&seen, &self.silence)
    }
}

fn next(nodes: &[Node], starting: usize) -> Vec<(String, Draining)> {
    Swarm::of(nodes, starting).ask(|seen, silence| {
        let steps = super::next(seen, silence, &Turns::default()).into_iter();
        steps.map(|(node, step)| (node.id.clone(), step)).collect()
    })
}

fn under_way(nodes: &[Node]) -> usize {
    let seen = Swarm::of(nodes, 0).ask(super::under_way);
    seen.map_or(0, |seen| seen.losing.len())
}

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

fn drained(nodes: &[Node]) -> Vec<String> {
    let steps = next(nodes, 0).into_iter();
    steps
        .filter(|(_, step)| matches!(step, Draining::Drain(_)))
        .map(|(id, _)| id)
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
    assert!(drained(&nodes).is_empty() && under_way(&nodes) > 0);
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
        let steps = next(std::slice::from_ref(node), 0).into_iter();
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
        let steps = next(&nodes, starting).into_iter();
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

/// Who is in a hurry loses its tasks too: the others' turn comes after.
#[test]
fn who_is_in_a_hurry_counts_among_those_that_lose_tasks() {
    let mut nodes: Vec<Node> = (0..5).map(node).collect();
    nodes[1] = leaving(1, NOW + PRESSING);
    nodes[2] = leaving(2, NOW + 900);
    assert_eq!(drained(&nodes), ["n1"]);
    nodes[1].tasks = 0;
    assert_eq!(drained(&nodes), ["n1", "n2"]);
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
        let steps: Vec<_> = next(&node, 0).into_iter().map(|(_, step)| step).collect();
        assert_eq!(steps, step.into_iter().collect::<Vec<_>>(), "{node:?}");
        let silent = [Node {
            ready: false,
            ..node[0].clone()
        }];
        assert!(
            next(&silent, 0)
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
            let ids: Vec<String> = drained(&nodes);
            for node in nodes.iter_mut().filter(|n| ids.contains(&n.id)) {
                node.availability = Availability::Drain;
            }
            let losing = |n: &&mut Node| n.is_drained() && n.tasks > 0;
            prop_assert!(nodes.iter_mut().filter(losing).count() <= share);
            if let Some(node) = nodes.iter_mut().find(losing) {
                node.tasks -= 1;
            }
        }
        prop_assert!(under_way(&nodes) == 0);
        prop_assert!(nodes.iter().all(|n| n.is_drained() == n.asks.is_some()));
    }
}

/// One says that it leaves, and its tasks never end; another waits for it.
#[test]
fn nobody_holds_the_others_up_for_ever() {
    let stuck = Node {
        availability: Availability::Drain,
        drained_for: Some(Asked),
        ..leaving(1, 0)
    };
    let waits = Node {
        availability: Availability::Pause,
        drained_for: Some(Asked),
        ..leaving(2, 0)
    };
    for (nodes, starting) in [(vec![stuck, waits.clone()], 0), (vec![waits.clone()], 1)] {
        let swarm = Swarm::of(&nodes, starting);
        let mut turns = Turns::default();
        let after = |turns: &mut Turns, time: Duration| {
            swarm.ask(|seen, silence| {
                let now = Moment {
                    up: NOW_MOMENT.up + time,
                    ..NOW_MOMENT
                };
                let seen = Snapshot { now, ..*seen };
                turns.look(&seen);
                super::next(&seen, silence, turns).len()
            })
        };
        assert_eq!(after(&mut turns, Duration::ZERO), 0);
        assert_eq!(after(&mut turns, Duration::from_secs(299)), 0);
        assert_eq!(after(&mut turns, HELD), 1);
    }
}

/// Whoever has the token can join and say that he leaves.
#[test]
fn who_was_never_admitted_takes_no_turn_and_no_share() {
    let stranger = Node {
        availability: Availability::Drain,
        ..leaving(1, 0)
    };
    let waits = leaving(2, 0);
    let mut swarm = Swarm::of(&[stranger, waits], 0);
    swarm.entries[0].labels.remove(ACTIVATED);
    let steps = swarm.ask(|seen, silence| {
        let steps = super::next(seen, silence, &Turns::default()).into_iter();
        let steps = steps.map(|(node, step)| (node.id.clone(), step));
        steps.collect::<Vec<_>>()
    });
    let id = swarm.entries[1].id.clone();
    assert_eq!(steps, [(id, Draining::Drain(Asked))]);
}
