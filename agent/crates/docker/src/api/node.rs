//! Calls about nodes.

use bollard::models::{NodeSpec, NodeSpecAvailabilityEnum, NodeSpecRoleEnum};
use bollard::query_parameters::{
    DeleteNodeOptions, ListContainersOptionsBuilder, ListNodesOptionsBuilder, UpdateNodeOptions,
};

use super::connection::READ_LIMIT;
use super::{Docker, convert};
use crate::EngineError;
use protocol::{Availability, Role};
use protocol::{NodeChange, NodeEntry};

const NOT_FOUND: u16 = 404;
/// On every container that the swarm runs (moby `daemon/cluster/executor/container`).
const TASK_LABEL: &str = "com.docker.swarm.task.id";

pub(super) async fn list(
    docker: &Docker,
    role: Option<Role>,
) -> Result<Vec<NodeEntry>, EngineError> {
    let options = role.map(|role| {
        let filters = [("role", vec![role.as_str()])];
        ListNodesOptionsBuilder::new()
            .filters(&filters.into())
            .build()
    });
    let list = |c: bollard::Docker| async move { c.list_nodes(options).await };
    let nodes = docker.call(READ_LIMIT, list).await?;
    Ok(nodes.into_iter().filter_map(convert::node).collect())
}

pub(super) async fn update(
    docker: &Docker,
    node_id: &str,
    change: &NodeChange,
) -> Result<(), EngineError> {
    let inspect = |c: bollard::Docker| async move { c.inspect_node(node_id).await };
    let node = docker.call(READ_LIMIT, inspect).await?;
    // The version makes it a compare-and-swap: another writer in between wins.
    let options = UpdateNodeOptions {
        version: convert::version(node.version)?,
    };
    let spec = changed(node.spec.unwrap_or_default(), change);
    let update = |c: bollard::Docker| async move { c.update_node(node_id, spec, options).await };
    docker.call(READ_LIMIT, update).await
}

/// An update replaces the whole spec: what is not to change is sent as it was.
fn changed(mut spec: NodeSpec, change: &NodeChange) -> NodeSpec {
    if let Some(role) = change.role {
        spec.role = Some(word(role));
    }
    if let Some(availability) = change.availability {
        spec.availability = Some(match availability {
            Availability::Active => NodeSpecAvailabilityEnum::ACTIVE,
            Availability::Pause => NodeSpecAvailabilityEnum::PAUSE,
            Availability::Drain => NodeSpecAvailabilityEnum::DRAIN,
        });
    }
    let labels = spec.labels.get_or_insert_default();
    for (key, value) in &change.labels {
        match value {
            Some(value) => labels.insert(key.clone(), value.clone()),
            None => labels.remove(key),
        };
    }
    spec
}

/// Only those that run: a task that was stopped stays on the list of containers for a while.
pub(super) async fn running_tasks(docker: &Docker) -> Result<usize, EngineError> {
    let filters = [("label", vec![TASK_LABEL]), ("status", vec!["running"])];
    let options = ListContainersOptionsBuilder::new()
        .filters(&filters.into())
        .build();
    let list = |c: bollard::Docker| async move { c.list_containers(Some(options)).await };
    Ok(docker.call(READ_LIMIT, list).await?.len())
}

fn word(role: Role) -> NodeSpecRoleEnum {
    match role {
        Role::Manager => NodeSpecRoleEnum::MANAGER,
        Role::Worker => NodeSpecRoleEnum::WORKER,
    }
}

pub(super) async fn remove(docker: &Docker, node_id: &str, force: bool) -> Result<(), EngineError> {
    let options = Some(DeleteNodeOptions { force });
    let remove = |c: bollard::Docker| async move { c.delete_node(node_id, options).await };
    match docker.call(READ_LIMIT, remove).await {
        Err(EngineError::Refused {
            code: NOT_FOUND, ..
        }) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_to_change_stays() {
        let before = NodeSpec {
            name: Some("n".into()),
            role: Some(NodeSpecRoleEnum::WORKER),
            availability: Some(NodeSpecAvailabilityEnum::DRAIN),
            labels: Some(
                [
                    ("a".to_owned(), "1".to_owned()),
                    ("b".to_owned(), "2".to_owned()),
                ]
                .into(),
            ),
        };
        assert_eq!(changed(before.clone(), &NodeChange::default()), before);
        let change = NodeChange {
            role: Some(Role::Manager),
            labels: [
                ("a".to_owned(), None),
                ("c".to_owned(), Some("3".to_owned())),
            ]
            .into(),
            ..NodeChange::default()
        };
        let after = changed(before, &change);
        assert_eq!(after.name.as_deref(), Some("n"));
        assert_eq!(after.role, Some(NodeSpecRoleEnum::MANAGER));
        assert_eq!(after.availability, Some(NodeSpecAvailabilityEnum::DRAIN));
        let labels = after.labels.unwrap();
        assert_eq!(labels.len(), 2);
        assert_eq!(labels["b"], "2");
        assert_eq!(labels["c"], "3");
    }
}
