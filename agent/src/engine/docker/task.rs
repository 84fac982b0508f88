//! Calls about tasks.

use bollard::models::{Task, TaskState};
use bollard::query_parameters::ListTasksOptionsBuilder;

use super::Docker;
use super::connection::READ_LIMIT;
use crate::engine::{EngineError, Tasks};

/// Also those that are to end: a drained node's tasks run on until they have stopped; and those that
/// are to start when they have.
const WANTED: [&str; 3] = ["running", "ready", "shutdown"];

pub(super) async fn list(docker: &Docker) -> Result<Tasks, EngineError> {
    let wanted = WANTED.map(str::to_owned).to_vec();
    let options = ListTasksOptionsBuilder::new()
        .filters(&[("desired-state", wanted)].into())
        .build();
    let list = |c: bollard::Docker| async move { c.list_tasks(Some(options)).await };
    Ok(counted(docker.call(READ_LIMIT, list).await?))
}

fn counted(tasks: Vec<Task>) -> Tasks {
    let mut counts = Tasks::default();
    for task in tasks {
        match task.status.and_then(|status| status.state) {
            Some(TaskState::RUNNING) => {
                *counts
                    .running
                    .entry(task.node_id.unwrap_or_default())
                    .or_default() += 1;
            }
            Some(
                TaskState::ASSIGNED
                | TaskState::ACCEPTED
                | TaskState::PREPARING
                | TaskState::READY
                | TaskState::STARTING,
            ) => counts.starting += 1,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use bollard::models::TaskStatus;

    use super::*;

    #[test]
    fn tasks_run_start_or_do_not_count() {
        let task = |node: &str, state| Task {
            node_id: Some(node.to_owned()),
            status: Some(TaskStatus {
                state: Some(state),
                ..TaskStatus::default()
            }),
            ..Task::default()
        };
        let tasks = vec![
            task("a", TaskState::RUNNING),
            task("b", TaskState::SHUTDOWN),
            task("a", TaskState::RUNNING),
            task("b", TaskState::PREPARING),
            task("", TaskState::PENDING),
        ];
        let counts = counted(tasks);
        assert_eq!(counts.running, [("a".to_owned(), 2)].into());
        assert_eq!(
            counts.starting, 1,
            "one that finds no node is not waited for"
        );
    }
}
