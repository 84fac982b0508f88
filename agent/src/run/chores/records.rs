//! Managers' own records of their nodes, written by each, and read by the leader: which node an instance is.

use std::time::Duration;

use tracing::warn;

use crate::run::{Agent, Names, Outside, StepError};
use aws::CloudError;
use aws::parameter_store::ParameterStore;
use protocol::leader::claims;
use protocol::node::Event;
use protocol::{NodeEntry, NodeRecord, Trouble};

/// `GetParameters` takes so many names.
const AT_ONCE: usize = 10;
/// A record that is missing for so long is worth a word.
const LATE: Duration = Duration::from_secs(30);

/// The records of these instances, or why they could not be read.
pub(in crate::run) type Recorded = Vec<(Vec<String>, Result<Vec<Option<String>>, CloudError>)>;

/// Reads them, a portion after the other, until one call fails.
async fn read(store: impl ParameterStore, names: Names, ids: Vec<String>) -> Recorded {
    let mut recorded = Vec::new();
    for portion in ids.chunks(AT_ONCE) {
        let names: Vec<String> = portion.iter().map(|id| names.node_record(id)).collect();
        let values = store.read_all(&names).await;
        let is_over = values.is_err();
        recorded.push((portion.to_vec(), values));
        if is_over {
            break;
        }
    }
    recorded
}

impl<O: Outside> Agent<O> {
    /// Writes this node's own record. Trouble is an answer here: the decision waits it out and says what it is.
    pub(in crate::run) async fn record_node(&mut self, node_id: &str) {
        let name = self.names.node_record(&self.identity.instance_id);
        let value = NodeRecord::new(node_id.to_owned()).to_value();
        let written = self.edges.store.put(&name, &value).await;
        let written = written.map(|()| node_id.to_owned()).map_err(Into::into);
        self.learn(Event::NodeRecorded(written));
    }

    /// Reads the records of instances whose nodes are to be managers, as far as it is time to; says when the next is due.
    pub(super) async fn read_records(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let lanes = self.lanes.clone();
        if !lanes.records.is_free() {
            return Err(StepError::NotYet(None));
        }
        self.chores.was_late("records")?;
        let wanted = self.unrecorded(nodes);
        if wanted.is_empty() {
            return Ok(None);
        }
        let now = self.edges.now();
        let records = &mut self.chores.records;
        if !records.is_empty() {
            let here = nodes.iter().filter_map(|node| node.instance_id.as_deref());
            records.keep(&here.collect());
        }
        let due = wanted.iter().map(|(_, instance)| instance);
        let due = due.filter(|id| records.left(id, now).is_none());
        let due: Vec<String> = due.cloned().collect();
        if !due.is_empty() {
            let (store, names) = (self.edges.store.clone(), self.names.clone());
            let reading = lanes.records.ask(read(store, names, due));
            let recorded = reading.await.ok_or(StepError::NotYet(None))?;
            self.hear_records(recorded)?;
        }
        let wanted = self.unrecorded(nodes);
        self.tell_unrecorded(&wanted);
        let (now, records) = (self.edges.now(), &self.chores.records);
        let left = wanted.iter().map(|(_, id)| records.left(id, now));
        Ok(left.map(Option::unwrap_or_default).min())
    }

    /// By node and instance.
    fn unrecorded(&self, nodes: &[NodeEntry]) -> Vec<(String, String)> {
        let wanted = claims::unrecorded(&self.snapshot(nodes)).into_iter();
        let owned = |(node, id): (&NodeEntry, &str)| (node.id.clone(), id.to_owned());
        wanted.map(owned).collect()
    }

    /// Folds in what Parameter Store has answered.
    pub(in crate::run) fn hear_records(&mut self, recorded: Recorded) -> Result<(), StepError> {
        let now = self.edges.now();
        let records = &mut self.chores.records;
        for (ids, values) in recorded {
            match values {
                Ok(values) => {
                    for (id, value) in ids.iter().zip(values) {
                        let node = value.as_deref().and_then(NodeRecord::node_id);
                        records.learn(id, Ok(node), now);
                    }
                }
                Err(error) => {
                    let trouble = Trouble::Failed(error.to_string());
                    for id in &ids {
                        records.learn(id, Err(trouble.clone()), now);
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    fn tell_unrecorded(&mut self, wanted: &[(String, String)]) {
        for (node, instance) in wanted {
            let late = self.chores.records.lasted(instance) >= LATE;
            if late && self.chores.said.insert(format!("unrecorded {node}")) {
                let name = self.names.node_record(instance);
                warn!(
                    node,
                    "cannot promote node {node}: its instance {instance} has not written {name}, as the agent of a \
                     manager does; look there with `swarmlet status`"
                );
            }
        }
    }
}
