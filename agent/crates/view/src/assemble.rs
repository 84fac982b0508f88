//! From lists to a picture. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{DepartureView, ManagerView, NodeView, ServiceView, StackView, SwarmView, TaskView};
use crate::status::Status;
use crate::status::facts::Shown;
use crate::status::stacks::Stack;
use docker::listing::{ListedNode, ListedService, ListedTask, Listing};
use protocol::ManagerEntry;

/// The service label that names its stack (`docker stack deploy`).
const STACK_LABEL: &str = "com.docker.stack.namespace";
/// The node label that names its pool (the tag `swarm:label:pool` in `scripts/cloudformation/pool.yaml`).
const POOL_LABEL: &str = "pool";
/// States in which a task uses its node, or is about to.
const ALIVE: [&str; 6] = [
    "assigned",
    "accepted",
    "preparing",
    "ready",
    "starting",
    "running",
];
/// States in which a task has not got a node.
const WAITING: [&str; 3] = ["new", "allocated", "pending"];
/// What a task should be that is to end.
const ENDS: [&str; 2] = ["shutdown", "remove"];

/// The swarm at `at`, with what this node's agent adds.
pub fn assemble(listing: &Listing, status: Option<&Status>, at: u64) -> SwarmView {
    let names: BTreeMap<&str, &str> = listing
        .nodes
        .iter()
        .map(|node| (node.entry.id.as_str(), node.hostname.as_str()))
        .collect();
    let tasks = tasks(listing, &names);
    let services = services(listing, &tasks);
    let leads = |node: &&ListedNode| node.entry.manager.is_some_and(|manager| manager.leader);
    SwarmView {
        at,
        cluster: status.map(|status| status.cluster.clone()),
        epoch: status.and_then(|status| status.epoch),
        ticket_age: status
            .and_then(|status| status.ticket.as_ref())
            .map(|ticket| at.saturating_sub(ticket.issued_at)),
        leader: listing
            .nodes
            .iter()
            .find(leads)
            .map(|node| node.entry.id.clone()),
        nodes: nodes(&listing.nodes),
        stacks: stacks(&services, status.map_or(&[], |status| &status.stacks)),
        departures: departures(&listing.nodes, &tasks, status),
        services,
        tasks,
    }
}

fn nodes(listed: &[ListedNode]) -> Vec<NodeView> {
    let mut nodes: Vec<NodeView> = listed.iter().map(node).collect();
    nodes.sort_by(|a, b| {
        let key = |node: &NodeView| {
            (
                node.role != "manager",
                node.hostname.clone(),
                node.id.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    nodes
}

fn node(listed: &ListedNode) -> NodeView {
    let entry = &listed.entry;
    let label = |key: &str| entry.labels.get(key).cloned();
    NodeView {
        id: entry.id.clone(),
        hostname: listed.hostname.clone(),
        instance_id: entry.instance_id.clone(),
        role: entry.role.as_str().to_owned(),
        zone: label("swarmlet.zone"),
        instance_type: label("swarmlet.instance-type"),
        pool: label(POOL_LABEL),
        state: listed.state.clone(),
        availability: entry.availability.as_str().to_owned(),
        manager: entry.manager.map(manager),
        departing: entry.departing().is_some(),
        refused: entry
            .refusal()
            .map(|refusal| refusal.doubt.name().to_owned()),
        since: listed.updated,
        address: entry.address.map(|address| address.to_string()),
        engine: listed.engine.clone(),
        labels: entry.labels.clone(),
    }
}

fn manager(entry: ManagerEntry) -> ManagerView {
    match entry {
        ManagerEntry { leader: true, .. } => ManagerView::Leader,
        ManagerEntry {
            reachable: true, ..
        } => ManagerView::Reachable,
        _ => ManagerView::Unreachable,
    }
}

/// Where a task belongs: its service's replica, or its service's node.
fn place(task: &ListedTask) -> (&str, Option<u64>, Option<&str>) {
    let node = if task.slot.is_none() {
        task.node.as_deref()
    } else {
        None
    };
    (&task.service, task.slot, node)
}

/// Those that run or should, and the newest failure of each place where nothing runs.
fn tasks(listing: &Listing, names: &BTreeMap<&str, &str>) -> Vec<TaskView> {
    let runs = |task: &&ListedTask| task.state == "running";
    let served: BTreeSet<_> = listing.tasks.iter().filter(runs).map(place).collect();
    let mut failed: BTreeMap<_, &ListedTask> = BTreeMap::new();
    for task in listing.tasks.iter().filter(|task| is_failure(task)) {
        let newest = failed.entry(place(task)).or_insert(task);
        if newest.since < task.since {
            *newest = task;
        }
    }
    failed.retain(|place, _| !served.contains(place));
    let services: BTreeMap<&str, &str> = listing
        .services
        .iter()
        .map(|service| (service.id.as_str(), service.name.as_str()))
        .collect();
    let shown = listing
        .tasks
        .iter()
        .filter(|task| is_current(task))
        .chain(failed.into_values());
    let mut tasks: Vec<TaskView> = shown.map(|task| view(task, &services, names)).collect();
    tasks.sort_by(|a, b| {
        let key = |task: &TaskView| (task.service.clone(), task.slot, task.node.clone());
        key(a).cmp(&key(b)).then(b.since.cmp(&a.since))
    });
    tasks
}

fn is_current(task: &ListedTask) -> bool {
    let state = task.state.as_str();
    let ends = ENDS.contains(&task.desired.as_str());
    ALIVE.contains(&state) && (!ends || state == "running") || WAITING.contains(&state) && !ends
}

fn is_failure(task: &ListedTask) -> bool {
    ["failed", "rejected", "orphaned"].contains(&task.state.as_str())
}

fn view(
    task: &ListedTask,
    services: &BTreeMap<&str, &str>,
    names: &BTreeMap<&str, &str>,
) -> TaskView {
    TaskView {
        id: task.id.clone(),
        service: name_of(&task.service, services),
        slot: task.slot,
        node: task.node.as_deref().map(|id| name_of(id, names)),
        node_id: task.node.clone(),
        state: task.state.clone(),
        desired: task.desired.clone(),
        since: task.since,
        error: task.error.clone(),
        image: task.image.clone(),
    }
}

/// What was removed meanwhile is shown by its id.
fn name_of(id: &str, names: &BTreeMap<&str, &str>) -> String {
    let name = names.get(id).copied().filter(|name| !name.is_empty());
    name.unwrap_or(id).to_owned()
}

fn services(listing: &Listing, tasks: &[TaskView]) -> Vec<ServiceView> {
    let gone = listing.nodes.iter().filter(|node| node.entry.down);
    let down: BTreeSet<&str> = gone.map(|node| node.entry.id.as_str()).collect();
    let mut services: Vec<ServiceView> = listing
        .services
        .iter()
        .map(|service| counted(service, tasks, &down))
        .collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    services
}

/// The engine's own number of running tasks has those in it whose node is down, until it is removed:
/// they are counted here. What is wanted the engine tells from API 1.41 on.
fn counted(service: &ListedService, tasks: &[TaskView], down: &BTreeSet<&str>) -> ServiceView {
    let own = || tasks.iter().filter(|task| task.service == service.name);
    let stays = |task: &&TaskView| !ENDS.contains(&task.desired.as_str());
    let up = |task: &&TaskView| !task.node_id.as_deref().is_some_and(|id| down.contains(id));
    let runs = own().filter(|task| task.state == "running");
    ServiceView {
        id: service.id.clone(),
        name: service.name.clone(),
        stack: service.labels.get(STACK_LABEL).cloned(),
        mode: service.mode.to_owned(),
        image: service.image.clone(),
        wanted: service
            .wanted
            .unwrap_or_else(|| own().filter(stays).count() as u64),
        running: runs.filter(stays).filter(up).count() as u64,
    }
}

/// Those that have services, and those that the leader's agent knows.
fn stacks(services: &[ServiceView], told: &[Stack]) -> Vec<StackView> {
    let mut stacks: BTreeMap<&str, StackView> = BTreeMap::new();
    for service in services {
        let Some(name) = service.stack.as_deref() else {
            continue;
        };
        let stack = stacks.entry(name).or_default();
        stack.services += 1;
        stack.wanted += service.wanted;
        stack.running += service.running;
    }
    for stack in told {
        let view = stacks.entry(&stack.name).or_default();
        view.source = Some(stack.source.clone());
        view.state = Some(stack.state);
        view.since = Some(stack.since);
        view.error.clone_from(&stack.error);
    }
    let named = stacks.into_iter().map(|(name, stack)| StackView {
        name: name.to_owned(),
        ..stack
    });
    named.collect()
}

fn departures(
    nodes: &[ListedNode],
    tasks: &[TaskView],
    status: Option<&Status>,
) -> Vec<DepartureView> {
    let facts = status.map(|status| Shown::of(&status.facts));
    let facts = facts.unwrap_or_default();
    let own = facts.node_id.as_ref();
    let cause = facts.departure.and_then(|departure| departure.cause);
    let leaving = nodes.iter().filter_map(|node| {
        let deadline = node.entry.departing()?;
        let id = &node.entry.id;
        let on = |task: &&TaskView| task.node_id.as_ref() == Some(id) && task.state == "running";
        Some(DepartureView {
            node_id: id.clone(),
            hostname: node.hostname.clone(),
            deadline: (deadline > 0).then_some(deadline),
            tasks: tasks.iter().filter(on).count() as u64,
            cause: cause.clone().filter(|_| own == Some(id)),
        })
    });
    leaving.collect()
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
