//! EC2's word about the nodes' instances, kept fresh: what labels and roles follow from.

use std::time::Duration;

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::ec2::{Refreshed, refresh};
use aws::CloudError;
use protocol::leader::claims::asked_about;
use protocol::{Here, Instances, NodeEntry, Trouble};

/// Asks EC2 about those that are due; says when the next are. `fails` where it has not answered since it was asked last.
pub(super) async fn ask<O: Outside>(
    context: &Context<O>,
    instances: &mut Instances,
    nodes: &[NodeEntry],
    fails: bool,
) -> Result<Option<Duration>, StepError> {
    let edges = &context.edges;
    let now = edges.now();
    let all = nodes.iter().filter_map(|node| node.instance_id.as_ref());
    instances.keep(&all.collect(), now);
    if let Some(left) = instances.held(now) {
        return Err(StepError::NotYet(Some(left)));
    }
    if !context.lanes.instances.is_free() {
        return Err(StepError::NotYet(None));
    }
    let every = context.settings.swarm.tags_refresh;
    let asked = asked_about(nodes, instances);
    let (ids, more) = instances.due(asked.into_iter(), every, now);
    let is_asked = !ids.is_empty();
    if is_asked {
        let (fleet, own) = (edges.fleet.clone(), context.identity.instance_id.clone());
        let asking = context.lanes.instances.ask(refresh(fleet, own, ids));
        let refreshed = asking.await.ok_or(StepError::NotYet(None))?;
        hear(context, instances, refreshed)?;
    }
    let now = edges.now();
    let again = if more {
        Some(Duration::ZERO)
    } else {
        instances.wait(asked_about(nodes, instances).into_iter(), now)
    };
    if !is_asked && fails {
        return Err(StepError::NotYet(again));
    }
    Ok(again)
}

/// Folds in what EC2 has answered.
pub(super) fn hear<O: Outside>(
    context: &Context<O>,
    instances: &mut Instances,
    (words, failed): Refreshed,
) -> Result<(), StepError> {
    let here = Here {
        region: &context.identity.region,
        cluster: &context.identity.cluster,
    };
    let now = context.edges.now();
    for (ids, word) in &words {
        instances.learn(&word.about(ids), here, now);
    }
    match failed {
        None => Ok(()),
        Some(error) => {
            instances.refused(trouble(&error), now);
            Err(error)
        }
    }
}

fn trouble(error: &StepError) -> Trouble {
    let text = error.to_string();
    match error {
        StepError::Cloud(CloudError::Throttled { .. }) => Trouble::Throttled(text),
        _ => Trouble::Failed(text),
    }
}
