//! Managers' own records of their nodes, as the leader reads them: which node an instance is.

use std::time::Duration;

use tracing::warn;

use super::outcomes::Said;
use super::snapshot::snapshot;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::records::{Recorded, read};
use crate::run::names::Names;
use protocol::leader::{Records, claims};
use protocol::node::Node;
use protocol::{Moment, NodeEntry, NodeRecord, Trouble};

/// A record that is missing for so long is worth a word.
const LATE: Duration = Duration::from_secs(30);

/// Reads the records of instances whose nodes are to be managers, as far as it is time to; says when the next is due.
pub(super) async fn ask<O: Outside>(
    context: &Context<O>,
    node: &Node,
    records: &mut Records,
    said: &mut Said,
    nodes: &[NodeEntry],
) -> Result<Option<Duration>, StepError> {
    if !context.lanes.records.is_free() {
        return Err(StepError::NotYet(None));
    }
    let wanted = unrecorded(context, node, records, nodes);
    if wanted.is_empty() {
        return Ok(None);
    }
    let edges = &context.edges;
    let now = edges.now();
    if !records.is_empty() {
        let here = nodes.iter().filter_map(|node| node.instance_id.as_deref());
        records.keep(&here.collect());
    }
    let due = wanted.iter().map(|(_, instance)| instance);
    let due = due.filter(|id| records.left(id, now).is_none());
    let due: Vec<String> = due.cloned().collect();
    if !due.is_empty() {
        let (store, names) = (edges.store.clone(), context.names.clone());
        let reading = context.lanes.records.ask(read(store, names, due));
        let recorded = reading.await.ok_or(StepError::NotYet(None))?;
        hear(records, recorded, edges.now())?;
    }
    let wanted = unrecorded(context, node, records, nodes);
    tell_unrecorded(&context.names, records, said, &wanted);
    let now = edges.now();
    let left = wanted.iter().map(|(_, id)| records.left(id, now));
    Ok(left.map(Option::unwrap_or_default).min())
}

/// By node and instance.
fn unrecorded<O: Outside>(
    context: &Context<O>,
    node: &Node,
    records: &Records,
    nodes: &[NodeEntry],
) -> Vec<(String, String)> {
    let wanted = claims::unrecorded(&snapshot(context, node, records, nodes)).into_iter();
    let owned = |(node, id): (&NodeEntry, &str)| (node.id.clone(), id.to_owned());
    wanted.map(owned).collect()
}

/// Folds in what Parameter Store has answered.
pub(super) fn hear(
    records: &mut Records,
    recorded: Recorded,
    now: Moment,
) -> Result<(), StepError> {
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

fn tell_unrecorded(names: &Names, records: &Records, said: &mut Said, wanted: &[(String, String)]) {
    for (node, instance) in wanted {
        let late = records.lasted(instance) >= LATE;
        if late && said.is_new(format!("unrecorded {node}")) {
            let name = names.node_record(instance);
            warn!(
                node,
                "cannot promote node {node}: its instance {instance} has not written {name}, as the agent of a \
                 manager does; look there with `swarmlet status`"
            );
        }
    }
}
