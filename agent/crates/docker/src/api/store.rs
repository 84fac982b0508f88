//! Calls about what the engine keeps on its disk.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use bollard::models::{
    ContainerSummary, ContainerSummaryStateEnum as State, ImageSummary, LocalNodeState, SystemInfo,
};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptions, PruneBuildOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptions,
};

use serde_json::Value;

use super::connection::READ_LIMIT;
use super::stack_image::full_names;
use super::{Docker, examine, state};
use crate::EngineError;
use crate::store::{Found, Store};
use protocol::cleaning::{Container, Image, Inventory, Named};

/// Large images take their time on a slow disk.
const REMOVE_LIMIT: Duration = Duration::from_mins(2);
/// Docker's own label of a task's container.
const TASK: &str = "com.docker.swarm.task.id";
/// Where containerd keeps images; the engine does not say, and no distribution's package changes it.
const CONTAINERD: &str = "/var/lib/containerd";

impl Store for Docker {
    async fn look(&self) -> Result<Found, EngineError> {
        let info = state::info(self).await?;
        let none = None::<ListImagesOptions>;
        let images = self.call(READ_LIMIT, |c| async move { c.list_images(none).await });
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let containers = |c: bollard::Docker| async move { c.list_containers(Some(options)).await };
        let containers = self.call(READ_LIMIT, containers);
        let (images, containers) = tokio::try_join!(images, containers)?;
        Ok(Found {
            folders: folders(&info),
            inventory: Inventory {
                images: images.into_iter().map(image).collect(),
                containers: containers.into_iter().filter_map(container).collect(),
                named: named(self, &info).await,
            },
        })
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new().v(true).build();
        let remove =
            |c: bollard::Docker| async move { c.remove_container(id, Some(options)).await };
        gone(self.call(REMOVE_LIMIT, remove).await)
    }

    async fn prune_cache(&self, unused_for: Duration) -> Result<u64, EngineError> {
        let until = vec![format!("{}s", unused_for.as_secs())];
        let options = PruneBuildOptionsBuilder::new()
            .all(true)
            .filters(&[("until", until)].into())
            .build();
        let prune = |c: bollard::Docker| async move { c.prune_build(Some(options)).await };
        let pruned = self.call(REMOVE_LIMIT, prune).await?;
        let bytes = pruned.space_reclaimed.unwrap_or_default();
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    async fn remove_image(&self, references: &[String]) -> Result<(), EngineError> {
        for reference in references {
            let none = None::<RemoveImageOptions>;
            let remove =
                |c: bollard::Docker| async move { c.remove_image(reference, none, None).await };
            // With the last tag of a repository its digests go too.
            gone(self.call(REMOVE_LIMIT, remove).await.map(drop))?;
        }
        Ok(())
    }
}

/// What is not there any more needs not be removed.
fn gone(done: Result<(), EngineError>) -> Result<(), EngineError> {
    match done {
        Err(EngineError::Refused { code: 404, .. }) => Ok(()),
        done => done,
    }
}

fn folders(info: &SystemInfo) -> Vec<PathBuf> {
    let root = info.docker_root_dir.clone().unwrap_or_default();
    let images = examine::in_containerd(info).then(|| CONTAINERD.into());
    [root.into()].into_iter().chain(images).collect()
}

/// What services name, by their present form and by the one before, to which they may be rolled back.
async fn named(docker: &Docker, info: &SystemInfo) -> Named {
    let swarm = info.swarm.as_ref();
    // Also of a manager whose swarm has no leader: it is no worker, and cannot tell.
    if swarm.and_then(|swarm| swarm.control_available) != Some(true) {
        return match swarm.and_then(|swarm| swarm.local_node_state) {
            Some(LocalNodeState::ACTIVE | LocalNodeState::INACTIVE) => {
                Named::Known(BTreeSet::new())
            }
            _ => Named::Unknown("its engine is not yet in its swarm, or locked".to_owned()),
        };
    }
    // The client library does not know the form before.
    match docker.list::<Value>("services").await {
        Ok(services) => Named::Known(services.iter().flat_map(images_of).collect()),
        Err(error) => Named::Unknown(error.to_string()),
    }
}

fn images_of(service: &Value) -> Vec<String> {
    let specs = ["Spec", "PreviousSpec"];
    let images = specs
        .iter()
        .filter_map(|spec| service[spec]["TaskTemplate"]["ContainerSpec"]["Image"].as_str());
    images.flat_map(full_names).collect()
}

fn image(image: ImageSummary) -> Image {
    let mut references: Vec<String> = image.repo_tags;
    references.extend(image.repo_digests);
    references.retain(|name| !name.starts_with("<none>"));
    let names = references.iter().flat_map(|name| full_names(name));
    let names = names.collect();
    if references.is_empty() {
        references.push(image.id.clone());
    }
    Image {
        names,
        references,
        size: u64::try_from(image.size).unwrap_or_default(),
        id: image.id,
    }
}

fn container(container: ContainerSummary) -> Option<Container> {
    let labels = container.labels.unwrap_or_default();
    let name = container.image.unwrap_or_default();
    Some(Container {
        id: container.id?,
        image: container.image_id.unwrap_or_default(),
        names: full_names(&name).into_iter().collect(),
        is_task: labels.contains_key(TASK),
        has_ended: matches!(container.state, Some(State::EXITED | State::DEAD)),
    })
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
