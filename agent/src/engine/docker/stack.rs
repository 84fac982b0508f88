//! Calls about stacks: the swarm's labels that tell which were deployed, and who has services.

use bollard::models::{Service, SwarmSpec};
use bollard::query_parameters::{ListServicesOptionsBuilder, UpdateSwarmOptions};

use super::connection::READ_LIMIT;
use super::{Docker, convert, swarm};
use crate::engine::EngineError;
use crate::engine::stacks::{Deployed, STACK_LABEL};

/// Docker's own label of everything that belongs to a stack.
const NAMESPACE: &str = "com.docker.stack.namespace";

impl Docker {
    /// What the swarm has of stacks.
    pub(in crate::engine) async fn stacks(&self) -> Result<Deployed, EngineError> {
        let spec = swarm::inspect(self).await?.spec.unwrap_or_default();
        let filters = [("label", vec![NAMESPACE.to_owned()])].into();
        let options = ListServicesOptionsBuilder::new().filters(&filters).build();
        let list = |c: bollard::Docker| async move { c.list_services(Some(options)).await };
        let services = self.call(READ_LIMIT, list).await?;
        Ok(deployed(&spec, services))
    }

    /// Writes what the swarm's label says of a stack, or takes the label away.
    pub(in crate::engine) async fn note_stack(
        &self,
        name: &str,
        value: Option<String>,
    ) -> Result<(), EngineError> {
        let swarm = swarm::inspect(self).await?;
        // The version makes it a compare-and-swap: another writer in between wins.
        let options = UpdateSwarmOptions {
            version: convert::version(swarm.version)?,
            ..UpdateSwarmOptions::default()
        };
        let spec = noted(swarm.spec.unwrap_or_default(), name, value);
        let update = |c: bollard::Docker| async move { c.update_swarm(spec, options).await };
        self.call(READ_LIMIT, update).await
    }
}

fn deployed(spec: &SwarmSpec, services: Vec<Service>) -> Deployed {
    let labels = spec.labels.iter().flatten();
    let notes = labels.filter_map(|(key, value)| {
        let name = key.strip_prefix(STACK_LABEL)?;
        Some((name.to_owned(), value.parse().ok()))
    });
    let labels = services
        .into_iter()
        .filter_map(|service| service.spec?.labels);
    Deployed {
        notes: notes.collect(),
        present: labels
            .filter_map(|mut labels| labels.remove(NAMESPACE))
            .collect(),
    }
}

/// The same settings with or without the label. An update replaces all settings at once.
fn noted(mut spec: SwarmSpec, name: &str, value: Option<String>) -> SwarmSpec {
    let key = format!("{STACK_LABEL}{name}");
    let labels = spec.labels.get_or_insert_default();
    match value {
        Some(value) => drop(labels.insert(key, value)),
        None => drop(labels.remove(&key)),
    }
    spec
}

#[cfg(test)]
mod tests {
    use bollard::models::ServiceSpec;

    use super::*;

    #[test]
    fn a_label_is_written_read_and_removed_and_the_others_stay() {
        let other = ("swarmlet.epoch".to_owned(), "1".to_owned());
        let mut spec = SwarmSpec {
            labels: Some([other].into()),
            ..SwarmSpec::default()
        };
        for value in ["deployed file 1", "what a newer agent wrote"] {
            spec = noted(spec, "web", Some(value.into()));
            let found = deployed(&spec, Vec::new()).notes;
            assert_eq!(found.len(), 1);
            assert_eq!(found["web"], value.parse().ok());
        }
        let spec = noted(spec, "web", None);
        assert!(deployed(&spec, Vec::new()).notes.is_empty());
        assert_eq!(spec.labels.unwrap().len(), 1);
    }

    #[test]
    fn stacks_are_known_by_the_labels_of_their_services() {
        let service = |labels: &[(&str, &str)]| Service {
            spec: Some(ServiceSpec {
                labels: Some(
                    labels
                        .iter()
                        .map(|(k, v)| ((*k).into(), (*v).into()))
                        .collect(),
                ),
                ..ServiceSpec::default()
            }),
            ..Service::default()
        };
        let services = vec![
            service(&[(NAMESPACE, "a")]),
            service(&[("x", "b")]),
            service(&[(NAMESPACE, "a")]),
        ];
        let found = deployed(&SwarmSpec::default(), services);
        assert_eq!(found.present, ["a".to_owned()].into());
    }
}
