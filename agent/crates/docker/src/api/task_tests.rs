use std::time::Duration;

use bollard::models::TaskStatus;
use proptest::prelude::*;

use super::*;
use protocol::labels::DRAINED_LABEL;
use protocol::leader::admission::Admission;
use protocol::leader::draining::{self, DrainedFor, Draining, Silence, Turns};
use protocol::leader::labelling::ACTIVATED;
use protocol::leader::{Records, Snapshot};
use protocol::{Availability, Instances, Moment, NodeEntry, Role};

fn task(node: &str, state: TaskState, desired: TaskState) -> Task {
    Task {
        node_id: Some(node.to_owned()),
        desired_state: Some(desired),
        status: Some(TaskStatus {
            state: Some(state),
            ..TaskStatus::default()
        }),
        ..Task::default()
    }
}

#[test]
fn tasks_run_start_or_do_not_count() {
    use TaskState::{
        ACCEPTED, ALLOCATED, ASSIGNED, FAILED, NEW, PENDING, PREPARING, READY, REJECTED, RUNNING,
        SHUTDOWN, STARTING,
    };
    for (state, desired, runs, starts) in [
        (RUNNING, RUNNING, 1, 0),
        // Still running, though it is to end.
        (RUNNING, SHUTDOWN, 1, 0),
        // The replacement, from its first moment on.
        (NEW, READY, 0, 1),
        (ALLOCATED, READY, 0, 1),
        (PENDING, READY, 0, 1),
        (ASSIGNED, READY, 0, 1),
        (ACCEPTED, READY, 0, 1),
        (PREPARING, READY, 0, 1),
        (READY, READY, 0, 1),
        (STARTING, RUNNING, 0, 1),
        // One that is no longer wanted before it has ever run.
        (PENDING, SHUTDOWN, 0, 0),
        (PREPARING, SHUTDOWN, 0, 0),
        (SHUTDOWN, SHUTDOWN, 0, 0),
        (FAILED, SHUTDOWN, 0, 0),
        (REJECTED, SHUTDOWN, 0, 0),
    ] {
        let counts = counted(vec![task("a", state, desired)]);
        let running = counts.running.get("a").copied().unwrap_or_default();
        let seen = (running, counts.starting);
        assert_eq!(seen, (runs, starts), "{state:?}, to be {desired:?}");
    }
}

#[test]
fn a_task_that_no_node_will_do_for_is_not_waited_for() {
    let mut refused = task("", TaskState::PENDING, TaskState::RUNNING);
    let status = refused.status.as_mut().unwrap();
    status.err = Some("no suitable node (insufficient resources on 3 nodes)".into());
    assert_eq!(counted(vec![refused]), Tasks::default());
}

/// Some nodes of a swarm leave, and the orchestrator moves their tasks.
struct Swarm {
    nodes: Vec<NodeEntry>,
    /// Each with the place in this list of the one that it replaces.
    tasks: Vec<(Task, Option<usize>)>,
}

const LEAVING: usize = 4;
const STAYING: usize = 3;
const EACH: usize = 2;

impl Swarm {
    fn new() -> Self {
        let node = |n: usize| NodeEntry {
            id: n.to_string(),
            created: None,
            role: Role::Worker,
            availability: Availability::Active,
            labels: [(ACTIVATED.to_owned(), "i-1".to_owned())].into(),
            ready: true,
            down: false,
            instance_id: None,
            asks_to_leave: (n < LEAVING).then_some(0),
            address: None,
            manager: None,
        };
        let running = |n: usize| task(&n.to_string(), TaskState::RUNNING, TaskState::RUNNING);
        let nodes = 0..LEAVING + STAYING;
        let tasks = nodes
            .clone()
            .flat_map(|n| [(running(n), None), (running(n), None)]);
        Self {
            tasks: tasks.collect(),
            nodes: nodes.map(node).collect(),
        }
    }

    /// What the leader's agent does in one round.
    fn round(&mut self) {
        let seen = Snapshot {
            own: "i-1",
            admission: Admission::Enforce,
            nodes: &self.nodes,
            instances: &Instances::default(),
            records: &Records::default(),
            tasks: &counted(self.tasks.iter().map(|(task, _)| task.clone()).collect()),
            epoch: None,
            now: Moment {
                up: Duration::from_hours(1),
                unix: 1_000_000,
                random: 0,
            },
        };
        let steps = draining::next(&seen, &Silence::default(), &Turns::default()).into_iter();
        let steps: Vec<_> = steps.map(|(node, step)| (node.id.clone(), step)).collect();
        for (id, step) in steps {
            let node = self.nodes.iter_mut().find(|node| node.id == id).unwrap();
            let record = DrainedFor::Asked.as_str().to_owned();
            node.labels.insert(DRAINED_LABEL.to_owned(), record);
            node.availability = match step {
                Draining::Drain(_) => Availability::Drain,
                _ => Availability::Pause,
            };
        }
    }

    /// One of the things that may happen next, in any order: what a manager and its nodes do.
    fn happens(&mut self, lot: usize) {
        let mut able: Vec<usize> = (0..self.tasks.len()).collect();
        able.retain(|at| self.goes_on(*at));
        if let Some(at) = able.get(lot % able.len().max(1)) {
            self.go_on(*at);
        }
    }

    fn state(&self, at: usize) -> (TaskState, TaskState) {
        let task = &self.tasks[at].0;
        let state = task.status.as_ref().unwrap().state.unwrap();
        (state, task.desired_state.unwrap())
    }

    fn is_drained(&self, task: &Task) -> bool {
        let node = self
            .nodes
            .iter()
            .find(|n| Some(&n.id) == task.node_id.as_ref());
        node.is_some_and(|node| node.availability == Availability::Drain)
    }

    fn goes_on(&self, at: usize) -> bool {
        let (task, replaces) = &self.tasks[at];
        match self.state(at) {
            (TaskState::RUNNING, TaskState::RUNNING) => self.is_drained(task),
            (TaskState::READY, _) => {
                replaces.is_none_or(|old| self.state(old).0 == TaskState::SHUTDOWN)
            }
            (state, _) => state != TaskState::SHUTDOWN,
        }
    }

    fn go_on(&mut self, at: usize) {
        let next = match self.state(at) {
            (TaskState::RUNNING, TaskState::RUNNING) => {
                self.tasks[at].0.desired_state = Some(TaskState::SHUTDOWN);
                let replacement = task("", TaskState::NEW, TaskState::RUNNING);
                self.tasks.push((replacement, Some(at)));
                return;
            }
            (TaskState::RUNNING, _) => TaskState::SHUTDOWN,
            (TaskState::NEW, _) => TaskState::PENDING,
            (TaskState::PENDING, _) => {
                let staying = LEAVING + at % STAYING;
                self.tasks[at].0.node_id = Some(staying.to_string());
                TaskState::ASSIGNED
            }
            (TaskState::ASSIGNED, _) => TaskState::READY,
            _ => TaskState::RUNNING,
        };
        self.tasks[at].0.status.as_mut().unwrap().state = Some(next);
    }

    fn running(&self) -> usize {
        self.tasks.iter().filter(|(task, _)| runs(task)).count()
    }
}

proptest! {
    /// Whatever comes first: the end of a task, or a node for the one that replaces it.
    #[test]
    fn no_more_tasks_are_away_than_one_node_had(
        lots in prop::collection::vec((0_usize..64, any::<bool>()), 300),
    ) {
        let mut swarm = Swarm::new();
        let all = swarm.running();
        for (lot, looks) in lots {
            if looks {
                swarm.round();
            }
            swarm.happens(lot);
            prop_assert!(swarm.running() + EACH >= all, "{} of {all} run", swarm.running());
        }
        for _ in 0..200 {
            swarm.round();
            swarm.happens(0);
        }
        let drained = swarm.nodes.iter().filter(|n| n.availability == Availability::Drain);
        prop_assert_eq!((swarm.running(), drained.count()), (all, LEAVING));
    }
}
