//! The picture of a swarm, by table.

use serde_json::json;

use super::*;
use crate::status::Issued;
use crate::status::stacks::StackState;
use protocol::NodeEntry;
use protocol::labels::DEPARTING_LABEL;
use protocol::{Availability, Role};

const NOW: u64 = 1_000_000;

fn node(id: &str, hostname: &str, role: Role) -> ListedNode {
    ListedNode {
        entry: NodeEntry {
            id: id.into(),
            created: None,
            role,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            ready: true,
            down: false,
            instance_id: Some(format!("i-{id}")),
            asks_to_leave: None,
            address: Some("10.0.0.1".parse().unwrap()),
            manager: (role == Role::Manager).then(|| ManagerEntry {
                address: "10.0.0.1:2377".parse().unwrap(),
                reachable: true,
                leader: hostname == "leader",
            }),
        },
        hostname: hostname.into(),
        state: "ready".into(),
        updated: Some(NOW - 60),
        engine: Some("26.1.5".into()),
    }
}

fn task(id: &str, slot: u64, state: &str, desired: &str, age: u64) -> ListedTask {
    ListedTask {
        id: id.into(),
        service: "s1".into(),
        slot: (slot > 0).then_some(slot),
        node: Some("w".into()),
        state: state.into(),
        desired: desired.into(),
        since: Some(NOW - age),
        error: (state == "failed").then(|| "exit 1".into()),
        image: Some("nginx:1".into()),
    }
}

fn service(stack: Option<&str>) -> ListedService {
    ListedService {
        id: "s1".into(),
        name: "web_front".into(),
        mode: "replicated",
        labels: stack
            .map(|name| (STACK_LABEL.to_owned(), name.to_owned()))
            .into_iter()
            .collect(),
        ..ListedService::default()
    }
}

fn status() -> Status {
    Status {
        cluster: "demo".into(),
        epoch: Some(2),
        ticket: Some(Issued {
            epoch: 2,
            by: "i-l".into(),
            issued_at: NOW - 90,
            seen_at: NOW - 5,
        }),
        facts: json!({"node_id": "w", "departure": {"cause": "scale-in"}}),
        stacks: vec![Stack {
            name: "later".into(),
            source: "/etc/swarmlet/stacks/later.yml".into(),
            digest: None,
            state: StackState::Failed,
            since: NOW - 7,
            error: Some("line 3".into()),
        }],
        ..Status::blank()
    }
}

#[test]
fn managers_come_first_and_the_leader_is_named() {
    let listing = Listing {
        nodes: vec![
            node("w", "a-worker", Role::Worker),
            node("m", "other", Role::Manager),
            node("l", "leader", Role::Manager),
        ],
        ..Listing::default()
    };
    let view = assemble(&listing, Some(&status()), NOW);
    let order: Vec<_> = view
        .nodes
        .iter()
        .map(|node| node.hostname.as_str())
        .collect();
    assert_eq!(order, ["leader", "other", "a-worker"]);
    assert_eq!(view.leader.as_deref(), Some("l"));
    let parts: Vec<_> = view.nodes.iter().map(|node| node.manager).collect();
    assert_eq!(
        parts,
        [
            Some(ManagerView::Leader),
            Some(ManagerView::Reachable),
            None
        ]
    );
    assert_eq!((view.epoch, view.ticket_age), (Some(2), Some(90)));
    assert_eq!(view.cluster.as_deref(), Some("demo"));
    let bare = assemble(&listing, None, NOW);
    assert_eq!(
        (bare.cluster, bare.epoch, bare.ticket_age),
        (None, None, None)
    );
}

#[test]
fn a_node_shows_what_its_labels_say_of_its_instance() {
    let mut listed = node("w", "a", Role::Worker);
    let labels = [
        ("swarmlet.zone", "eu-west-1a"),
        ("swarmlet.instance-type", "t3.small"),
        ("pool", "batch"),
    ];
    listed.entry.labels = labels
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let view = super::node(&listed);
    assert_eq!(view.zone.as_deref(), Some("eu-west-1a"));
    assert_eq!(view.instance_type.as_deref(), Some("t3.small"));
    assert_eq!(view.pool.as_deref(), Some("batch"));
    assert_eq!(view.instance_id.as_deref(), Some("i-w"));
    assert_eq!((view.since, view.departing), (Some(NOW - 60), false));
}

/// Which of the tasks of one service are shown, by id.
#[test]
fn tasks_that_run_or_should_and_the_last_failure_where_nothing_runs() {
    for (what, tasks, shown) in [
        (
            "one that runs",
            vec![task("a", 1, "running", "running", 5)],
            vec!["a"],
        ),
        (
            "its earlier failure is of no interest",
            vec![
                task("a", 1, "running", "running", 5),
                task("b", 1, "failed", "shutdown", 9),
            ],
            vec!["a"],
        ),
        (
            "the newest failure of one that is tried again",
            vec![
                task("a", 1, "ready", "ready", 1),
                task("b", 1, "failed", "shutdown", 9),
                task("c", 1, "failed", "shutdown", 99),
            ],
            vec!["a", "b"],
        ),
        (
            "one that ends is shown while it still runs",
            vec![
                task("a", 1, "running", "shutdown", 5),
                task("b", 1, "shutdown", "shutdown", 9),
            ],
            vec!["a"],
        ),
        (
            "one that waits for a node",
            vec![task("a", 1, "pending", "running", 5)],
            vec!["a"],
        ),
        (
            "one that waited and is not wanted",
            vec![task("a", 1, "pending", "shutdown", 5)],
            vec![],
        ),
        (
            "one that is done",
            vec![task("a", 1, "complete", "shutdown", 5)],
            vec![],
        ),
        (
            "in the order of their slots",
            vec![
                task("b", 2, "running", "running", 5),
                task("a", 1, "running", "running", 5),
            ],
            vec!["a", "b"],
        ),
        (
            "of a global service each node is a place",
            vec![
                task("a", 0, "running", "running", 5),
                ListedTask {
                    node: Some("x".into()),
                    ..task("b", 0, "failed", "shutdown", 9)
                },
            ],
            vec!["a", "b"],
        ),
    ] {
        let listing = Listing {
            nodes: vec![node("w", "worker", Role::Worker)],
            services: vec![service(None)],
            tasks,
        };
        let view = assemble(&listing, None, NOW);
        let ids: Vec<_> = view.tasks.iter().map(|task| task.id.as_str()).collect();
        assert_eq!(ids, shown, "{what}");
    }
}

#[test]
fn names_stand_for_ids_where_they_are_known() {
    let listing = Listing {
        nodes: vec![node("w", "worker", Role::Worker)],
        services: vec![service(None)],
        tasks: vec![
            task("a", 1, "running", "running", 5),
            ListedTask {
                service: "gone".into(),
                node: Some("y".into()),
                ..task("b", 1, "running", "running", 5)
            },
            ListedTask {
                node: None,
                ..task("c", 3, "pending", "running", 5)
            },
        ],
    };
    let view = assemble(&listing, None, NOW);
    let named: Vec<_> = view
        .tasks
        .iter()
        .map(|t| (t.service.as_str(), t.node.as_deref()))
        .collect();
    assert_eq!(
        named,
        [
            ("gone", Some("y")),
            ("web_front", Some("worker")),
            ("web_front", None)
        ]
    );
}

#[test]
fn what_runs_is_counted_without_the_nodes_that_are_down() {
    let elsewhere = |id: &str, node: &str, desired: &str| ListedTask {
        node: Some(node.into()),
        ..task(id, 1, "running", desired, 5)
    };
    let tasks = vec![
        elsewhere("on a node that is down", "d", "shutdown"),
        elsewhere("not yet given up", "d", "running"),
        elsewhere("runs", "w", "running"),
        elsewhere("is being replaced", "w", "shutdown"),
        task("waits", 2, "pending", "running", 5),
    ];
    let mut down = node("d", "down", Role::Worker);
    down.entry.down = true;
    let told = ListedService {
        wanted: Some(7),
        ..service(None)
    };
    for (service, wanted) in [(service(None), 3), (told, 7)] {
        let listing = Listing {
            nodes: vec![node("w", "worker", Role::Worker), down.clone()],
            services: vec![service],
            tasks: tasks.clone(),
        };
        let counted = &assemble(&listing, None, NOW).services[0];
        assert_eq!((counted.wanted, counted.running), (wanted, 1));
    }
}

#[test]
fn stacks_are_those_that_have_services_and_those_that_the_leader_knows() {
    let listing = Listing {
        services: vec![ListedService {
            wanted: Some(3),
            ..service(Some("web"))
        }],
        tasks: vec![
            task("a", 1, "running", "running", 5),
            task("b", 2, "running", "running", 5),
        ],
        ..Listing::default()
    };
    let view = assemble(&listing, Some(&status()), NOW);
    let stacks: Vec<_> = view
        .stacks
        .iter()
        .map(|s| (s.name.as_str(), s.services, s.running, s.wanted))
        .collect();
    assert_eq!(stacks, [("later", 0, 0, 0), ("web", 1, 2, 3)]);
    assert_eq!(view.stacks[0].state, Some(StackState::Failed));
    assert_eq!(view.stacks[0].error.as_deref(), Some("line 3"));
    assert_eq!(view.stacks[1].state, None);
}

#[test]
fn departures_are_told_with_the_tasks_that_are_left_and_the_cause_where_it_is_known() {
    let mut own = node("w", "own", Role::Worker);
    own.entry.asks_to_leave = Some(NOW + 100);
    let mut other = node("m", "other", Role::Manager);
    other
        .entry
        .labels
        .insert(DEPARTING_LABEL.to_owned(), "0".to_owned());
    let listing = Listing {
        nodes: vec![own, other, node("x", "stays", Role::Worker)],
        services: vec![service(None)],
        tasks: vec![
            task("a", 1, "running", "shutdown", 5),
            task("b", 2, "running", "running", 5),
        ],
    };
    let view = assemble(&listing, Some(&status()), NOW);
    let expected = [
        DepartureView {
            node_id: "w".into(),
            hostname: "own".into(),
            deadline: Some(NOW + 100),
            tasks: 2,
            cause: Some("scale-in".into()),
        },
        DepartureView {
            node_id: "m".into(),
            hostname: "other".into(),
            ..DepartureView::default()
        },
    ];
    assert_eq!(view.departures, expected);
    assert!(
        view.nodes
            .iter()
            .all(|node| node.departing == (node.hostname != "stays"))
    );
}
