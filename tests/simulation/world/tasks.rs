//! Tasks of services: where they run, and how they move.
//!
//! A drained node's tasks end one by one, each in a time of its own; its replacement starts when it has
//! ended. A node that is down has lost its tasks for the swarm, and goes on running them until it hears
//! of that.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Availability;
use protocol::Tasks;

use super::State;
use super::machine::MachineId;
use super::strangers::REPLACED;
use super::swarm::{Entry, Status, SwarmId};

/// One task of a service that is to run somewhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    /// Its node, by id.
    node: Option<String>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    /// No node yet.
    #[default]
    Pending,
    /// It runs from then on.
    Starting(Duration),
    Running,
    /// It was told to end, and has then.
    Ending(Duration),
}

impl Task {
    fn is_on(&self, node: &str) -> bool {
        self.node.as_deref() == Some(node)
            && matches!(self.phase, Phase::Running | Phase::Ending(_))
    }
}

impl State {
    /// How many tasks run on a node, by the swarm's word.
    pub(super) fn tasks_on(&self, swarm: SwarmId, node: &str) -> usize {
        let tasks = self.swarms[swarm].tasks.iter();
        tasks.filter(|task| task.is_on(node)).count()
    }

    /// `GET /tasks`, counted.
    pub(crate) fn tasks(&self, swarm: SwarmId) -> Tasks {
        let mut counts = Tasks::default();
        let room = self.swarms[swarm].entries.iter().any(takes_tasks);
        for task in &self.swarms[swarm].tasks {
            let node = task.node.clone().unwrap_or_default();
            match task.phase {
                // The scheduler says that no node will do.
                Phase::Pending => counts.starting += usize::from(room),
                Phase::Starting(_) => counts.starting += 1,
                Phase::Running => *counts.running.entry(node).or_default() += 1,
                // It runs on, and its replacement is there already.
                Phase::Ending(_) => {
                    *counts.running.entry(node).or_default() += 1;
                    counts.starting += usize::from(room);
                }
            }
        }
        counts
    }

    /// One tick of a swarm's tasks.
    pub(super) fn work(&mut self, id: SwarmId) {
        if self.swarms[id].tasks.is_empty() {
            return;
        }
        let mut tasks = std::mem::take(&mut self.swarms[id].tasks);
        for task in &mut tasks {
            self.go_on(id, task);
        }
        self.swarms[id].tasks = tasks;
        self.run_containers(id);
    }

    fn go_on(&mut self, id: SwarmId, task: &mut Task) {
        let entry = task.node.as_ref().and_then(|n| self.swarms[id].entry(n));
        let here = entry.map(|e| (e.status, e.availability, self.is_linked(e, id)));
        let strange = entry.is_some_and(|e| e.stranger.is_some());
        let now = self.now;
        match (task.phase, here) {
            (Phase::Starting(_) | Phase::Running, Some((_, Availability::Drain, _))) if strange => {
                task.phase = Phase::Ending(now + REPLACED);
            }
            (Phase::Pending, _) => self.place_task(id, task),
            (_, None | Some((Status::Down, _, _))) => *task = Task::default(),
            (Phase::Starting(_) | Phase::Running, Some((_, Availability::Drain, _))) => {
                task.phase = Phase::Ending(self.soon(1_000, 40_000));
            }
            (Phase::Starting(at), Some((_, _, true))) if at <= now => task.phase = Phase::Running,
            (Phase::Ending(at), Some((_, _, true))) if at <= now => *task = Task::default(),
            _ => {}
        }
    }

    fn place_task(&mut self, id: SwarmId, task: &mut Task) {
        let able = self.swarms[id].entries.iter().filter(|e| takes_tasks(e));
        let able: Vec<String> = able.map(|entry| entry.node.clone()).collect();
        let Some(node) = self.random.one(&able) else {
            return;
        };
        self.check_placed(id, &node);
        task.node = Some(node);
        task.phase = Phase::Starting(self.soon(500, 8_000));
    }

    /// What the engines of nodes that hear their manager run.
    fn run_containers(&mut self, id: SwarmId) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for task in &self.swarms[id].tasks {
            if let (Some(node), Phase::Running | Phase::Ending(_)) = (&task.node, task.phase) {
                *counts.entry(node).or_default() += 1;
            }
        }
        let linked = self.swarms[id].entries.iter();
        let linked = linked.filter(|e| e.stranger.is_none() && self.is_linked(e, id));
        let count = |entry: &Entry| counts.get(entry.node.as_str()).copied().unwrap_or_default();
        let counted: Vec<(MachineId, usize)> = linked.map(|e| (e.machine, count(e))).collect();
        for (machine, count) in counted {
            self.run_on(machine, count);
        }
    }

    /// So many containers run on a machine from now on.
    pub(super) fn run_on(&mut self, id: MachineId, count: usize) {
        let now = self.now;
        let engine = &mut self.machines[id].engine;
        engine.containers = count;
        engine.busy_since = (count > 0).then(|| engine.busy_since.unwrap_or(now));
    }
}

fn takes_tasks(entry: &Entry) -> bool {
    entry.status == Status::Ready && entry.availability == Availability::Active
}
