//! EC2's word about the nodes' instances, kept fresh: what labels and roles follow from.

use std::time::Duration;

use crate::run::{Agent, Outside, StepError};
use aws::CloudError;
use aws::fleet::Fleet;
use protocol::{BATCH, Here, Instances, NodeEntry, Trouble};

impl<O: Outside> Agent<O> {
    /// Asks EC2 about those that are due; says when the next are.
    pub(super) async fn ask_instances(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let every = self.settings.swarm.tags_refresh;
        let now = self.edges.now();
        let instances = self.node.instances_mut();
        let all = nodes.iter().filter_map(|node| node.instance_id.as_ref());
        instances.keep(&all.collect(), now);
        if let Some(left) = instances.held(now) {
            return Ok(Some(left));
        }
        let asked = asked_for(nodes, instances);
        let (ids, more) = instances.due(asked.iter(), every, now);
        for portion in ids.chunks(BATCH) {
            if let Err(error) = self.ask_about(portion).await {
                let now = self.edges.now();
                self.node.instances_mut().refused(trouble(&error), now);
                return Err(error);
            }
        }
        let now = self.edges.now();
        Ok(if more {
            Some(Duration::ZERO)
        } else {
            let instances = self.node.instances();
            instances.wait(asked_for(nodes, instances).iter(), now)
        })
    }

    /// An answer counts only if it contains this node's own instance: an empty or partial one says
    /// nothing about anybody.
    async fn ask_about(&mut self, ids: &[String]) -> Result<(), StepError> {
        let own = &self.identity.instance_id;
        let answer = self.edges.fleet.instances(own, ids).await?;
        if !answer.knows(own) {
            return Err(StepError::PartialAnswer);
        }
        let here = Here {
            region: &self.identity.region,
            cluster: &self.identity.cluster,
        };
        let now = self.edges.now();
        self.node
            .instances_mut()
            .learn(&answer.about(ids), here, now);
        Ok(())
    }
}

/// Whom a leader keeps asking about. Who was refused is asked about once, and with all others from time to time: he may say
/// that he is anybody, as often as he likes.
fn asked_for(nodes: &[NodeEntry], instances: &Instances) -> Vec<String> {
    let ready = nodes.iter().filter(|node| node.ready);
    let ids = ready.filter_map(|node| {
        let id = node.instance_id.as_ref()?;
        (node.refusal().is_none() || instances.heard(id).is_none()).then_some(id)
    });
    ids.cloned().collect()
}

fn trouble(error: &StepError) -> Trouble {
    let text = error.to_string();
    match error {
        StepError::Cloud(CloudError::Throttled { .. }) => Trouble::Throttled(text),
        _ => Trouble::Failed(text),
    }
}
