//! Calls about tasks.

use std::collections::BTreeMap;

use bollard::models::{Task, TaskState};
use bollard::query_parameters::ListTasksOptionsBuilder;

use super::Docker;
use super::connection::READ_LIMIT;
use crate::engine::EngineError;

/// Also those that are to end: a drained node's tasks run on until they have stopped.
const WANTED: [&str; 2] = ["running", "shutdown"];

pub(super) async fn on(
    docker: &Docker,
    node_ids: &[String],
) -> Result<BTreeMap<String, usize>, EngineError> {
    if node_ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted = WANTED.map(str::to_owned).to_vec();
    let filters = [("node", node_ids.to_vec()), ("desired-state", wanted)];
    let options = ListTasksOptionsBuilder::new()
        .filters(&filters.into())
        .build();
    let list = |c: bollard::Docker| async move { c.list_tasks(Some(options)).await };
    Ok(running(docker.call(READ_LIMIT, list).await?))
}

fn running(tasks: Vec<Task>) -> BTreeMap<String, usize> {
    let is_running = |task: &Task| {
        let status = task.status.as_ref();
        status.is_some_and(|status| status.state == Some(TaskState::RUNNING))
    };
    let mut counts = BTreeMap::new();
    let running = tasks.into_iter().filter(is_running);
    for node in running.filter_map(|task| task.node_id) {
        *counts.entry(node).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use bollard::models::TaskStatus;

    use super::*;

    #[test]
    fn only_running_tasks_count() {
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
        ];
        assert_eq!(running(tasks), [("a".to_owned(), 2)].into());
    }
}
