//! Whole pictures, held against files: `UPDATE_GOLDEN=1 cargo test golden` writes them anew.

use protocol::node::Readiness;
use serde_json::json;

use super::*;
use crate::report::{AgentView, EngineView};
use crate::status::failure::Failure;
use crate::status::stacks::StackState;
use crate::status::story::Told;
use crate::status::{Claimed, Issued, Status};
use crate::{DepartureView, ManagerView, NodeView, ServiceView, StackView, SwarmView, TaskView};

const NOW: u64 = 1_800_000_000;

fn golden(name: &str, report: &Report) {
    let text = render(report, false);
    let path = format!("{}/src/text/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, expected, "{name}: UPDATE_GOLDEN=1 cargo test golden");
}

fn told(action: &str, text: &str, ago: u64, times: u64, error: Option<&str>) -> Told {
    Told {
        since: NOW - ago - 60,
        last: NOW - ago,
        times,
        action: action.into(),
        reason: "r".into(),
        text: text.into(),
        error: error.map(str::to_owned),
    }
}

fn manager() -> Report {
    let said = Status {
        at: NOW - 4,
        instance_id: "i-0aaaaaaaaaaaaaaa1".into(),
        cluster: "demo".into(),
        role: "manager".into(),
        text: "in the swarm, leader".into(),
        epoch: Some(1),
        claim: Some(Claimed {
            epoch: 1,
            holder: Some("i-0aaaaaaaaaaaaaaa1".into()),
            outcome: Some("formed".into()),
        }),
        ticket: Some(Issued {
            epoch: 1,
            by: "i-0aaaaaaaaaaaaaaa1".into(),
            issued_at: NOW - 200,
            seen_at: NOW - 20,
        }),
        decisions: vec![
            told("serve", "in the swarm, leader", 4, 7, None),
            told(
                "declare-formed",
                "the swarm of epoch 1 stands",
                200,
                1,
                None,
            ),
            told(
                "init-swarm",
                "epoch 1 is this node's to form",
                201,
                2,
                Some("the Docker Engine gave no answer in 60 s"),
            ),
        ],
        ..Status::blank()
    };
    Report {
        schema: 1,
        looked_at: NOW,
        healthy: true,
        said: Some(said),
        agent: AgentView {
            running: true,
            ..AgentView::default()
        },
        engine: EngineView {
            answers: true,
            state: Some("manager".into()),
            leader: true,
            problem: None,
        },
        ready: Some(Readiness::Ready),
        swarm: Some(swarm()),
        swarm_unseen: None,
    }
}

fn node(name: &str, role: &str, manager: Option<ManagerView>) -> NodeView {
    NodeView {
        id: name.into(),
        hostname: name.into(),
        instance_id: Some(format!("i-{name}")),
        role: role.into(),
        zone: Some("eu-west-1a".into()),
        instance_type: Some("t3.small".into()),
        state: "ready".into(),
        availability: "active".into(),
        manager,
        since: Some(NOW - 400),
        address: Some("10.98.0.5".into()),
        ..NodeView::default()
    }
}

fn swarm() -> SwarmView {
    SwarmView {
        at: NOW,
        cluster: Some("demo".into()),
        epoch: Some(1),
        ticket_age: Some(200),
        leader: Some("demo-manager-1".into()),
        nodes: vec![
            node("demo-manager-1", "manager", Some(ManagerView::Leader)),
            NodeView {
                state: "unknown".into(),
                ..node("demo-manager-2", "manager", Some(ManagerView::Unreachable))
            },
            node("demo-manager-3", "manager", None),
            NodeView {
                departing: true,
                availability: "drain".into(),
                pool: Some("batch".into()),
                ..node("demo-worker-1", "worker", None)
            },
            NodeView {
                refused: Some("other-address".into()),
                availability: "drain".into(),
                zone: None,
                ..node("stranger", "worker", None)
            },
            NodeView {
                state: "down".into(),
                since: None,
                zone: None,
                ..node("demo-worker-2", "worker", None)
            },
        ],
        services: vec![ServiceView {
            id: "s".into(),
            name: "shop_front".into(),
            stack: Some("shop".into()),
            mode: "replicated".into(),
            image: Some("nginx:1".into()),
            wanted: 3,
            running: 2,
        }],
        tasks: vec![
            TaskView {
                service: "shop_front".into(),
                slot: Some(1),
                node: Some("demo-worker-1".into()),
                state: "running".into(),
                desired: "shutdown".into(),
                since: Some(NOW - 300),
                ..TaskView::default()
            },
            TaskView {
                service: "shop_front".into(),
                slot: Some(2),
                state: "pending".into(),
                desired: "running".into(),
                since: Some(NOW - 30),
                error: Some("no suitable node".into()),
                ..TaskView::default()
            },
        ],
        stacks: vec![StackView {
            name: "shop".into(),
            services: 1,
            wanted: 3,
            running: 2,
            source: Some("/etc/swarmlet/stacks/shop.yml".into()),
            state: Some(StackState::Deployed),
            since: Some(NOW - 500),
            error: None,
        }],
        departures: vec![DepartureView {
            node_id: "demo-worker-1".into(),
            hostname: "demo-worker-1".into(),
            deadline: Some(NOW + 90),
            tasks: 1,
            cause: None,
        }],
    }
}

fn worker() -> Report {
    let report = manager();
    Report {
        said: Some(Status {
            role: "worker".into(),
            text: "in the swarm".into(),
            claim: None,
            ticket: None,
            decisions: vec![told("serve", "in the swarm", 4, 3, None)],
            facts: json!({"departure": {"cause": "spot-terminate", "remaining": 80, "tasks": 2}}),
            ..report.said.clone().unwrap()
        }),
        engine: EngineView {
            state: Some("worker".into()),
            leader: false,
            ..report.engine.clone()
        },
        ready: Some(Readiness::Draining),
        swarm: None,
        ..report
    }
}

#[test]
fn golden_pictures() {
    golden("manager", &manager());
    golden("worker", &worker());
    let down = EngineView {
        problem: Some("cannot reach the Docker Engine: Connection refused: `systemctl status docker` tells more".into()),
        ..EngineView::default()
    };
    golden(
        "engine-down",
        &Report {
            healthy: false,
            engine: down,
            ..worker()
        },
    );
    let failure = Failure {
        at: NOW - 10,
        text: "cannot tell this node's role: instance i-1 has no tag swarm:role".into(),
        terminal: true,
    };
    let dead = AgentView {
        running: false,
        problem: Some(failure.text.clone()),
        failure: Some(failure),
    };
    golden(
        "agent-failed",
        &Report {
            healthy: false,
            said: None,
            agent: dead,
            ..worker()
        },
    );
    let stopped = AgentView {
        problem: Some("it does not run: `systemctl status swarmlet` tells why".into()),
        ..AgentView::default()
    };
    golden(
        "agent-down",
        &Report {
            healthy: false,
            agent: stopped,
            ..worker()
        },
    );
    let headless = EngineView {
        state: Some("no-leader".into()),
        problem: Some("The swarm does not have a leader.".into()),
        leader: false,
        ..manager().engine
    };
    golden(
        "no-leader",
        &Report {
            healthy: false,
            engine: headless,
            swarm: None,
            swarm_unseen: Some(
                "cannot see the swarm: its managers have no leader: too few of them answer".into(),
            ),
            ..manager()
        },
    );
}

#[test]
fn nodes_of_one_name_are_told() {
    let mut report = manager();
    let said = "nodes are named";
    assert!(!render(&report, false).contains(said));
    let nodes = &mut report.swarm.as_mut().unwrap().nodes;
    let other = NodeView {
        id: "other".into(),
        instance_id: None,
        ..nodes[0].clone()
    };
    let line = format!(
        "2 {said} {}: `swarmlet doctor` says what to do",
        other.hostname
    );
    nodes.push(other);
    assert!(render(&report, false).contains(&line), "{line}");
}

#[test]
fn colours_are_only_added() {
    let coloured = render(&manager(), true);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').expect("an escape ends").1;
    }
    plain.push_str(rest);
    assert_eq!(plain, render(&manager(), false));
    assert_ne!(coloured, plain);
}
