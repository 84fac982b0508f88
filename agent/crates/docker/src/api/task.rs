//! Calls about tasks.

use bollard::models::{Task, TaskState};
use bollard::query_parameters::ListTasksOptionsBuilder;

use super::Docker;
use super::connection::READ_LIMIT;
use crate::EngineError;
use protocol::Tasks;

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
        if runs(&task) {
            let node = task.node_id.unwrap_or_default();
            *counts.running.entry(node).or_default() += 1;
        } else if starts(&task) {
            counts.starting += 1;
        }
    }
    counts
}

fn runs(task: &Task) -> bool {
    let status = task.status.as_ref();
    status.is_some_and(|status| status.state == Some(TaskState::RUNNING))
}

/// Whether it is on its way to run. The replacement of a task that ends is there before the end is,
/// in the same transaction, and may be without a node for as long as the scheduler takes: an old task
/// that ends at once is over before then. Only where the scheduler has looked and says why no node
/// will do is nothing waited for.
fn starts(task: &Task) -> bool {
    let status = task.status.as_ref();
    let refused = status.and_then(|status| status.err.as_ref());
    let refused = refused.is_some_and(|why| !why.is_empty());
    let on_its_way = match status.and_then(|status| status.state) {
        Some(TaskState::NEW | TaskState::ALLOCATED | TaskState::PENDING) => !refused,
        Some(
            TaskState::ASSIGNED
            | TaskState::ACCEPTED
            | TaskState::PREPARING
            | TaskState::READY
            | TaskState::STARTING,
        ) => true,
        _ => false,
    };
    on_its_way && task.desired_state != Some(TaskState::SHUTDOWN)
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
