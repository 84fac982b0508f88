//! Swarms to look at.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use view::{DepartureView, ManagerView, NodeView, ServiceView, StackView, SwarmView, TaskView};

/// What a page may take to show what happened.
pub(crate) const SOON: Duration = Duration::from_secs(20);
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
const SERVICES: [&str; 5] = ["shop_web", "shop_api", "shop_db", "cache", "mailer"];

/// One manager, and so many workers with so many tasks each.
pub(crate) fn swarm(workers: usize, tasks: usize) -> SwarmView {
    let mut nodes = vec![manager()];
    nodes.extend((0..workers).map(worker));
    let replicas = workers * tasks / SERVICES.len();
    let tasks = (0..replicas * SERVICES.len()).map(|number| {
        let service = SERVICES[number / replicas];
        task(service, number % replicas + 1, number % workers)
    });
    SwarmView {
        at: now(),
        cluster: Some("demo".into()),
        epoch: Some(1),
        ticket_age: Some(31),
        leader: Some("m0".into()),
        services: SERVICES
            .iter()
            .map(|name| service(name, replicas as u64))
            .collect(),
        stacks: vec![StackView {
            name: "shop".into(),
            services: 3,
            wanted: 3 * replicas as u64,
            running: 3 * replicas as u64,
            ..StackView::default()
        }],
        tasks: tasks.collect(),
        nodes,
        departures: Vec::new(),
    }
}

/// The same, after a worker has failed: its tasks are on the next one, and remembered where they were.
pub(crate) fn failed(mut view: SwarmView, worker: usize) -> SwarmView {
    let (from, to) = (node_id(worker), node_id(worker + 1));
    for node in view.nodes.iter_mut().filter(|node| node.id == from) {
        node.state = "down".into();
    }
    let mut moved = Vec::new();
    for old in view
        .tasks
        .iter_mut()
        .filter(|task| task.node_id.as_ref() == Some(&from))
    {
        moved.push(TaskView {
            id: format!("{}-again", old.id),
            node: Some(hostname(worker + 1)),
            node_id: Some(to.clone()),
            since: Some(now()),
            ..old.clone()
        });
        old.desired = "shutdown".into();
    }
    // The engine counts what ran on a node that is down, too.
    for service in &mut view.services {
        let twice = moved.iter().filter(|task| task.service == service.name);
        service.running += twice.count() as u64;
    }
    view.tasks.extend(moved);
    view
}

/// The same, with all that can be wrong: a departure, a task that waits and one that fails.
pub(crate) fn troubled(mut view: SwarmView) -> SwarmView {
    view = failed(view, 0);
    let leaving = &mut view.nodes[3];
    leaving.departing = true;
    leaving.availability = "drain".into();
    let stranger = &mut view.nodes[4];
    stranger.refused = Some("other-address".into());
    stranger.availability = "drain".into();
    let leaving = &view.nodes[3];
    view.departures.push(DepartureView {
        node_id: leaving.id.clone(),
        hostname: leaving.hostname.clone(),
        deadline: Some(now() + 95),
        tasks: 3,
        cause: Some("spot-terminate".into()),
    });
    let waits = TaskView {
        node: None,
        node_id: None,
        state: "pending".into(),
        error: Some("no suitable node (scheduling constraints not satisfied on 8 nodes)".into()),
        ..task("cache", 90, 0)
    };
    let fails = TaskView {
        state: "failed".into(),
        desired: "shutdown".into(),
        error: Some("task: non-zero exit (1)".into()),
        ..task("mailer", 91, 1)
    };
    let starts = TaskView {
        state: "preparing".into(),
        ..task("mailer", 92, 1)
    };
    view.tasks.extend([waits, fails, starts]);
    view.services[3].running -= 1;
    view.stacks[0].error = Some("cannot deploy: no such image".into());
    view
}

fn manager() -> NodeView {
    NodeView {
        id: "m0".into(),
        hostname: "demo-manager-7ad6884d".into(),
        instance_id: Some("i-7ad6884d8652aa839".into()),
        role: "manager".into(),
        zone: Some(ZONES[0].into()),
        instance_type: Some("m7g.large".into()),
        state: "ready".into(),
        availability: "active".into(),
        manager: Some(ManagerView::Leader),
        since: Some(now() - 4000),
        ..NodeView::default()
    }
}

fn worker(number: usize) -> NodeView {
    NodeView {
        id: node_id(number),
        hostname: hostname(number),
        role: "worker".into(),
        zone: Some(ZONES[number % 3].into()),
        pool: (number % 3 == 2).then(|| "batch".into()),
        manager: None,
        ..manager()
    }
}

fn service(name: &str, replicas: u64) -> ServiceView {
    ServiceView {
        id: format!("id-{name}"),
        name: name.into(),
        mode: "replicated".into(),
        wanted: replicas,
        running: replicas,
        ..ServiceView::default()
    }
}

fn task(service: &str, slot: usize, worker: usize) -> TaskView {
    TaskView {
        id: format!("{service}-{slot}"),
        service: service.into(),
        slot: Some(slot as u64),
        node: Some(hostname(worker)),
        node_id: Some(node_id(worker)),
        state: "running".into(),
        desired: "running".into(),
        since: Some(now() - 300),
        error: None,
        image: Some("registry.example.internal/shop:1.2".into()),
    }
}

fn node_id(worker: usize) -> String {
    format!("w{worker}")
}

fn hostname(worker: usize) -> String {
    format!("demo-worker-{worker:08x}")
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}
