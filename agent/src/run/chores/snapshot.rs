//! What a leader's decisions rest on.

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use protocol::NodeEntry;
use protocol::leader::{NO_TASKS, Records, Snapshot};
use protocol::node::Node;

/// All of it, but for the tasks.
pub(super) fn snapshot<'a, O: Outside>(
    context: &'a Context<O>,
    node: &'a Node,
    records: &'a Records,
    nodes: &'a [NodeEntry],
) -> Snapshot<'a> {
    Snapshot {
        own: &context.identity.instance_id,
        nodes,
        instances: node.instances(),
        records,
        tasks: NO_TASKS,
        epoch: None,
        admission: context.settings.swarm.admission,
        now: context.edges.now(),
    }
}
