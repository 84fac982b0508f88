//! Calls about nodes.

use bollard::models::{NodeSpec, NodeSpecRoleEnum};
use bollard::query_parameters::{DeleteNodeOptions, ListNodesOptionsBuilder, UpdateNodeOptions};

use super::connection::READ_LIMIT;
use super::{Docker, convert};
use crate::engine::{EngineError, NodeEntry};
use crate::swarm::Role;

const NOT_FOUND: u16 = 404;

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

pub(super) async fn set_role(
    docker: &Docker,
    node_id: &str,
    role: Role,
) -> Result<(), EngineError> {
    let inspect = |c: bollard::Docker| async move { c.inspect_node(node_id).await };
    let node = docker.call(READ_LIMIT, inspect).await?;
    // The version makes it a compare-and-swap: another writer in between wins.
    let options = UpdateNodeOptions {
        version: convert::version(node.version)?,
    };
    let spec = NodeSpec {
        role: Some(word(role)),
        ..node.spec.unwrap_or_default()
    };
    let update = |c: bollard::Docker| async move { c.update_node(node_id, spec, options).await };
    docker.call(READ_LIMIT, update).await
}

fn word(role: Role) -> NodeSpecRoleEnum {
    match role {
        Role::Manager => NodeSpecRoleEnum::MANAGER,
        Role::Worker => NodeSpecRoleEnum::WORKER,
    }
}

pub(super) async fn remove(docker: &Docker, node_id: &str) -> Result<(), EngineError> {
    let gently = Some(DeleteNodeOptions { force: false });
    let remove = |c: bollard::Docker| async move { c.delete_node(node_id, gently).await };
    match docker.call(READ_LIMIT, remove).await {
        Err(EngineError::Refused {
            code: NOT_FOUND, ..
        }) => Ok(()),
        result => result,
    }
}
