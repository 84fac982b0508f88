//! The whole swarm, as tables.

use std::fmt::Write as _;

use super::age::age;
use super::table::{Cell, Paint, Table, Tone};
use crate::namesakes::namesakes;
use crate::status::stacks::StackState;
use crate::{ManagerView, NodeView, SwarmView, TaskView};

pub(super) fn render(view: &SwarmView, paint: Paint) -> String {
    let sections = [
        ("NODES", nodes(view)),
        ("DEPARTURES", departures(view)),
        ("STACKS", stacks(view)),
        ("SERVICES", services(view)),
        ("TASKS", tasks(view)),
    ];
    let mut text = String::new();
    for (title, table) in sections {
        if let Some((count, table)) = table {
            let title = format!("{title} ({count})");
            let _ = writeln!(text, "\n{}", paint.cell(&title, Tone::Bold));
            text.push_str(&table.render("  ", paint));
            if title.starts_with("NODES") {
                text.push_str(&shared_names(view, paint));
            }
        }
    }
    text
}

/// A line for each name that several nodes have.
fn shared_names(view: &SwarmView, paint: Paint) -> String {
    let named = view.nodes.iter().map(|node| {
        let whose = node.instance_id.as_deref().unwrap_or(&node.id);
        (node.hostname.as_str(), whose)
    });
    let told = namesakes(named).into_iter().map(|(name, nodes)| {
        let count = nodes.len();
        let line = format!("{count} nodes are named {name}: `swarmlet doctor` says what to do");
        format!("  {}\n", paint.cell(&line, Tone::Warn))
    });
    told.collect()
}

type Section = Option<(usize, Table)>;

fn section<T>(items: &[T], head: &[&'static str], row: impl Fn(&T) -> Vec<Cell>) -> Section {
    let mut table = Table::new(head);
    for item in items {
        table.row(row(item));
    }
    (!items.is_empty()).then_some((items.len(), table))
}

/// Where one is in a pool, there is a column of pools.
fn nodes(view: &SwarmView) -> Section {
    let pooled = view.nodes.iter().any(|node| node.pool.is_some());
    let head = [
        &["NAME", "ROLE", "MANAGER", "STATE", "AVAILABILITY"][..],
        if pooled { &["POOL"] } else { &[] },
        &["ZONE", "INSTANCE", "TYPE", "ADDRESS", "UNCHANGED FOR"],
    ]
    .concat();
    section(&view.nodes, &head, |node| {
        let mut row = vec![
            (node.hostname.clone(), Tone::Bold),
            plain(&node.role),
            manager(node),
            state(node),
            availability(node),
        ];
        row.extend(pooled.then(|| option(node.pool.as_ref())));
        row.extend([
            option(node.zone.as_ref()),
            option(node.instance_id.as_ref()),
            option(node.instance_type.as_ref()),
            option(node.address.as_ref()),
            since(node.since, view.at),
        ]);
        row
    })
}

/// A manager by its tag that is none yet waits for its promotion.
fn manager(node: &NodeView) -> Cell {
    match node.manager {
        Some(part @ ManagerView::Unreachable) => (part.as_str().to_owned(), Tone::Bad),
        Some(part) => (part.as_str().to_owned(), Tone::Good),
        None if node.role == "manager" => ("not in raft".to_owned(), Tone::Warn),
        None => plain(""),
    }
}

fn state(node: &NodeView) -> Cell {
    let tone = match node.state.as_str() {
        "ready" => Tone::Good,
        "unknown" => Tone::Warn,
        _ => Tone::Bad,
    };
    (node.state.clone(), tone)
}

fn availability(node: &NodeView) -> Cell {
    if let Some(why) = &node.refused {
        return (
            format!("{}, not admitted: {why}", node.availability),
            Tone::Bad,
        );
    }
    match (node.departing, node.availability.as_str()) {
        (true, word) => (format!("{word}, departing"), Tone::Warn),
        (false, word @ "active") => plain(word),
        (false, word) => (word.to_owned(), Tone::Warn),
    }
}

fn departures(view: &SwarmView) -> Section {
    section(
        &view.departures,
        &["NAME", "CAUSE", "TIME LEFT", "TASKS LEFT"],
        |departure| {
            let left = departure
                .deadline
                .map_or("nothing presses".to_owned(), |deadline| {
                    age(view.at, deadline)
                });
            vec![
                (departure.hostname.clone(), Tone::Bold),
                option(departure.cause.as_ref()),
                (left, Tone::Warn),
                plain(&departure.tasks.to_string()),
            ]
        },
    )
}

fn stacks(view: &SwarmView) -> Section {
    section(
        &view.stacks,
        &[
            "NAME", "STATE", "SERVICES", "TASKS", "SINCE", "SOURCE", "ERROR",
        ],
        |stack| {
            let (word, tone) = stack.state.map_or(("", Tone::Plain), stands);
            vec![
                (stack.name.clone(), Tone::Bold),
                (word.to_owned(), tone),
                plain(&stack.services.to_string()),
                running(stack.running, stack.wanted),
                since(stack.since, view.at),
                option(stack.source.as_ref()),
                (stack.error.clone().unwrap_or_default(), Tone::Bad),
            ]
        },
    )
}

fn stands(state: StackState) -> (&'static str, Tone) {
    match state {
        StackState::Deployed => ("deployed", Tone::Good),
        StackState::Pending => ("pending", Tone::Warn),
        StackState::Deploying => ("deploying", Tone::Warn),
        StackState::Failed => ("failed", Tone::Bad),
        StackState::Removing => ("removing", Tone::Warn),
        StackState::Kept => ("kept", Tone::Warn),
    }
}

fn services(view: &SwarmView) -> Section {
    section(
        &view.services,
        &["NAME", "STACK", "MODE", "TASKS", "IMAGE"],
        |service| {
            vec![
                (service.name.clone(), Tone::Bold),
                option(service.stack.as_ref()),
                plain(&service.mode),
                running(service.running, service.wanted),
                option(service.image.as_ref()),
            ]
        },
    )
}

fn tasks(view: &SwarmView) -> Section {
    section(
        &view.tasks,
        &["SERVICE", "NODE", "STATE", "SINCE", "ERROR"],
        |task| {
            let slot = task.slot.map(|slot| format!(".{slot}"));
            vec![
                (
                    format!("{}{}", task.service, slot.unwrap_or_default()),
                    Tone::Bold,
                ),
                option(task.node.as_ref()),
                task_state(task),
                since(task.since, view.at),
                (task.error.clone().unwrap_or_default(), Tone::Bad),
            ]
        },
    )
}

fn task_state(task: &TaskView) -> Cell {
    let tone = match task.state.as_str() {
        "running" => Tone::Good,
        "failed" | "rejected" | "orphaned" => Tone::Bad,
        _ => Tone::Warn,
    };
    let ends = task.state == "running" && task.desired != "running";
    (
        format!("{}{}", task.state, if ends { ", ending" } else { "" }),
        tone,
    )
}

fn running(running: u64, wanted: u64) -> Cell {
    let tone = if running >= wanted {
        Tone::Good
    } else {
        Tone::Bad
    };
    (format!("{running}/{wanted}"), tone)
}

fn since(time: Option<u64>, now: u64) -> Cell {
    (
        time.map(|time| age(time, now)).unwrap_or_default(),
        Tone::Dim,
    )
}

fn option(text: Option<&String>) -> Cell {
    plain(text.map(String::as_str).unwrap_or_default())
}

fn plain(text: &str) -> Cell {
    (text.to_owned(), Tone::Plain)
}
