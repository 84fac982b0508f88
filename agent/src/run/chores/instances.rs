//! EC2's word about the nodes' instances, kept fresh: what labels and roles follow from.

use std::time::Duration;

use crate::run::ask::{Lives, lives};
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
        self.chores.was_late("instances")?;
        let every = self.settings.swarm.tags_refresh;
        let now = self.edges.now();
        let instances = self.node.instances_mut();
        let all = nodes.iter().filter_map(|node| node.instance_id.as_ref());
        instances.keep(&all.collect(), now);
        if let Some(left) = instances.held(now) {
            return Err(StepError::NotYet(Some(left)));
        }
        if !self.lanes.instances.is_free() {
            return Err(StepError::NotYet(None));
        }
        let instances = self.node.instances_mut();
        let asked = asked_for(nodes, instances);
        let (ids, more) = instances.due(asked.into_iter(), every, now);
        let is_asked = !ids.is_empty();
        if is_asked {
            let (fleet, own) = (self.edges.fleet.clone(), self.identity.instance_id.clone());
            let lanes = self.lanes.clone();
            let asking = lanes.instances.ask(refresh(fleet, own, ids));
            let refreshed = asking.await.ok_or(StepError::NotYet(None))?;
            self.hear_instances(refreshed)?;
        }
        let now = self.edges.now();
        let again = if more {
            Some(Duration::ZERO)
        } else {
            let instances = self.node.instances();
            instances.wait(asked_for(nodes, instances).into_iter(), now)
        };
        // It has not answered since it was asked last.
        if !is_asked && self.chores.failing.contains_key("instances") {
            return Err(StepError::NotYet(again));
        }
        Ok(again)
    }

    /// Folds in what EC2 has answered.
    pub(in crate::run) fn hear_instances(
        &mut self,
        (words, failed): Refreshed,
    ) -> Result<(), StepError> {
        let here = Here {
            region: &self.identity.region,
            cluster: &self.identity.cluster,
        };
        let now = self.edges.now();
        let instances = self.node.instances_mut();
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
}

/// What EC2 has said, and why it said no more.
pub(in crate::run) type Refreshed = (Vec<Lives>, Option<StepError>);

/// Asks EC2 about these, a portion after the other, until one call fails.
async fn refresh(fleet: impl Fleet, own: String, ids: Vec<String>) -> Refreshed {
    let mut words = Vec::new();
    for portion in ids.chunks(BATCH) {
        match lives(&fleet, &own, portion.to_vec()).await {
            Ok(word) => words.push(word),
            Err(error) => return (words, Some(error)),
        }
    }
    (words, None)
}

/// Whom a leader keeps asking about. Who was refused is asked about once, and with all others from time to time: he may say
/// that he is anybody, as often as he likes.
fn asked_for<'a>(nodes: &'a [NodeEntry], instances: &Instances) -> Vec<&'a String> {
    let ready = nodes.iter().filter(|node| node.ready);
    let ids = ready.filter_map(|node| {
        let id = node.instance_id.as_ref()?;
        (node.refusal().is_none() || instances.heard(id).is_none()).then_some(id)
    });
    ids.collect()
}

fn trouble(error: &StepError) -> Trouble {
    let text = error.to_string();
    match error {
        StepError::Cloud(CloudError::Throttled { .. }) => Trouble::Throttled(text),
        _ => Trouble::Failed(text),
    }
}
