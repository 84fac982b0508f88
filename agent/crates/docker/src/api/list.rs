//! Listing the whole swarm, for people.

use std::time::Duration;

use bollard::models::{Node, Service, ServiceSpecMode, Task, TaskSpec, TaskStatus};
use bollard::query_parameters::{ListNodesOptions, ListServicesOptionsBuilder, ListTasksOptions};
use tokio::time::timeout;

use super::{Docker, convert, error::one_line};
use crate::EngineError;
use crate::listing::{ListedNode, ListedService, ListedTask, Listing};
use protocol::{EngineState, date};

impl Docker {
    /// What the engine says of itself, if it says so in time.
    pub async fn state_within(&self, limit: Duration) -> Result<EngineState, EngineError> {
        let asked = timeout(limit, super::state::read(self)).await;
        asked.unwrap_or(Err(EngineError::Slow(limit)))
    }

    /// The whole swarm, by three calls side by side (`GET /nodes`, `/services`, `/tasks`), if they are
    /// answered in time; managers only.
    pub async fn listing(&self, limit: Duration) -> Result<Listing, EngineError> {
        let (nodes, services, tasks) = tokio::try_join!(
            self.listed_nodes(limit),
            self.services(limit),
            self.all_tasks(limit)
        )?;
        Ok(Listing {
            nodes,
            services,
            tasks,
        })
    }

    /// The nodes alone (`GET /nodes`), if that is answered in time; managers only.
    pub async fn listed_nodes(&self, limit: Duration) -> Result<Vec<ListedNode>, EngineError> {
        let list = |c: bollard::Docker| async move { c.list_nodes(None::<ListNodesOptions>).await };
        let nodes = self.call(limit, list).await?;
        Ok(nodes.into_iter().filter_map(node).collect())
    }

    async fn services(&self, limit: Duration) -> Result<Vec<ListedService>, EngineError> {
        let options = ListServicesOptionsBuilder::new().status(true).build();
        let list = |c: bollard::Docker| async move { c.list_services(Some(options)).await };
        let services = self.call(limit, list).await?;
        Ok(services.into_iter().filter_map(service).collect())
    }

    async fn all_tasks(&self, limit: Duration) -> Result<Vec<ListedTask>, EngineError> {
        let list = |c: bollard::Docker| async move { c.list_tasks(None::<ListTasksOptions>).await };
        let tasks = self.call(limit, list).await?;
        Ok(tasks.into_iter().filter_map(task).collect())
    }
}

fn node(node: Node) -> Option<ListedNode> {
    let updated = time(node.updated_at.as_ref());
    let state = node.status.as_ref().and_then(|status| status.state);
    let description = node.description.as_ref();
    let engine = description.and_then(|d| d.engine.as_ref()?.engine_version.clone());
    Some(ListedNode {
        hostname: description
            .and_then(|d| d.hostname.clone())
            .unwrap_or_default(),
        state: state.map_or_else(|| "unknown".to_owned(), |state| state.to_string()),
        updated,
        engine,
        entry: convert::node(node)?,
    })
}

fn service(service: Service) -> Option<ListedService> {
    let spec = service.spec.unwrap_or_default();
    let status = service.service_status.unwrap_or_default();
    Some(ListedService {
        id: service.id?,
        name: spec.name.unwrap_or_default(),
        mode: mode(spec.mode.as_ref()),
        image: spec.task_template.as_ref().and_then(image),
        labels: spec.labels.unwrap_or_default().into_iter().collect(),
        wanted: status.desired_tasks,
    })
}

fn mode(mode: Option<&ServiceSpecMode>) -> &'static str {
    match mode {
        Some(mode) if mode.global.is_some() => "global",
        Some(mode) if mode.replicated_job.is_some() => "replicated-job",
        Some(mode) if mode.global_job.is_some() => "global-job",
        _ => "replicated",
    }
}

fn task(task: Task) -> Option<ListedTask> {
    let status = task.status.unwrap_or_default();
    Some(ListedTask {
        id: task.id?,
        service: task.service_id.unwrap_or_default(),
        slot: task
            .slot
            .and_then(|slot| u64::try_from(slot).ok())
            .filter(|slot| *slot > 0),
        node: task.node_id.filter(|id| !id.is_empty()),
        state: status
            .state
            .map(|state| state.to_string())
            .unwrap_or_default(),
        desired: task
            .desired_state
            .map(|state| state.to_string())
            .unwrap_or_default(),
        since: time(status.timestamp.as_ref()),
        error: trouble(&status),
        image: task.spec.as_ref().and_then(image),
    })
}

/// Without the digest that the engine pins it to.
fn image(spec: &TaskSpec) -> Option<String> {
    let image = spec.container_spec.as_ref()?.image.as_ref()?;
    Some(image.split('@').next().unwrap_or(image).to_owned())
}

/// Why it failed; of one that waits, what keeps it from a node.
fn trouble(status: &TaskStatus) -> Option<String> {
    let told = status.err.as_deref().filter(|error| !error.is_empty())?;
    Some(one_line(told))
}

fn time(written: Option<&String>) -> Option<u64> {
    // The zero time of Go says that there was none.
    date::iso(written?).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
