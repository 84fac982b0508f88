//! EC2's word about the nodes' instances, kept fresh: what labels and roles follow from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cloud::CloudError;
use crate::cloud::fleet::{Fleet, Instance as Told, InstanceState};
use crate::engine::NodeEntry;
use crate::node::{CLUSTER_TAG, GROUP_TAG, LABEL_TAG_PREFIX, ROLE_TAG};
use crate::run::{Agent, Outside, StepError};
use protocol::labelling::TAGLESS;
use protocol::pace::{FLEET_GAP, Gaps, IN_A_ROW, ROUND};
use protocol::{Answer, ClusterName, Instance, Moment, Role, Series, Stamp, Trouble};

/// EC2's answers lag behind a launch: an instance without tags is asked about again.
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// Values of one filter, besides this node's own: `DescribeInstances` takes up to 200.
const BATCH: usize = 199;

/// EC2's word by instance id, and when which instances are asked about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Instances {
    known: BTreeMap<String, Known>,
    /// When the next of those that are known are asked about.
    refresh: Option<Stamp>,
    /// Answers in a row that were none.
    failed: Option<Series<Answer<()>>>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Known {
    word: Option<Instance>,
    asked: Stamp,
    /// When an answer first gave it the role that it has.
    first: Stamp,
    /// That role is another than the one before: one answer is not enough for it.
    changed: bool,
}

impl Known {
    /// How long until it is asked about again on its own account.
    fn due_in(&self, now: Moment) -> Option<Duration> {
        let gap = match &self.word {
            Some(word) if word.tagged && self.changed && word.lasted < FLEET_GAP => FLEET_GAP,
            Some(word) if word.tagged || word.lasted >= TAGLESS => return None,
            _ => ASK_AGAIN,
        };
        Some(gap.saturating_sub(self.asked.age(now)))
    }

    /// What an answer adds. Tags that are missing from it say nothing: EC2 tells them late, and takes
    /// them away early.
    fn learn(&mut self, told: &Told, region: &str, cluster: &ClusterName, now: Moment) {
        let mut word = word(told, region, cluster);
        match &self.word {
            Some(old) if old.tagged && !word.tagged => {
                let addresses = if word.addresses.is_empty() {
                    old.addresses.clone()
                } else {
                    word.addresses
                };
                word = Instance {
                    alive: word.alive,
                    addresses,
                    ..old.clone()
                };
            }
            Some(old) if (old.role, old.tagged) == (word.role, word.tagged) => {}
            old => {
                self.first = now.stamp();
                self.changed = old.as_ref().is_some_and(|old| old.tagged);
            }
        }
        word.lasted = self.first.age(now);
        self.word = Some(word);
    }
}

impl Instances {
    pub(super) fn of(&self, id: Option<&String>) -> Option<&Instance> {
        self.known.get(id?)?.word.as_ref()
    }

    /// What is known of instances that are no longer nodes is dropped.
    fn forget(&mut self, nodes: &[NodeEntry]) {
        let ids = nodes.iter().filter_map(|node| node.instance_id.as_ref());
        let ids: BTreeSet<_> = ids.collect();
        self.known.retain(|id, _| ids.contains(id));
    }

    /// Whom to ask about now: those that are new or in doubt, else those that were asked about the
    /// longest ago, in portions, evenly over the time, but in no round of their own: each lists all
    /// nodes. Says whether there are more that are new than one call takes.
    fn due(&mut self, nodes: &[NodeEntry], every: Duration, now: Moment) -> (Vec<String>, bool) {
        let ready = nodes.iter().filter(|node| node.ready);
        let ids = ready.filter_map(|node| node.instance_id.as_ref());
        let in_doubt = |id: &&String| {
            let known = self.known.get(*id);
            known.is_none_or(|known| known.due_in(now) == Some(Duration::ZERO))
        };
        let fresh: Vec<String> = ids.filter(in_doubt).take(BATCH).cloned().collect();
        if !fresh.is_empty() {
            self.refresh.get_or_insert(now.after(every));
            let more = fresh.len() == BATCH;
            return (fresh, more);
        }
        if self.refresh.is_none_or(|at| at.left(now).is_some()) {
            return (Vec::new(), false);
        }
        (self.oldest(every, now), false)
    }

    /// Those of the next portion.
    fn oldest(&mut self, every: Duration, now: Moment) -> Vec<String> {
        let calls = self.known.len().div_ceil(BATCH).max(1);
        let rounds = usize::try_from(every.as_secs() / ROUND.as_secs()).unwrap_or(usize::MAX);
        let portions = calls.min(rounds.max(1));
        let part = every / u32::try_from(portions).unwrap_or(u32::MAX);
        self.refresh = Some(now.after(part));
        let mut oldest: Vec<_> = self.known.iter().collect();
        oldest.sort_by_key(|(_, known)| known.asked);
        let oldest = oldest.into_iter().take(calls.div_ceil(portions) * BATCH);
        oldest.map(|(id, _)| id.clone()).collect()
    }

    fn learn(
        &mut self,
        ids: &[String],
        answer: &[Told],
        (region, cluster): (&str, &ClusterName),
        now: Moment,
    ) {
        self.failed = None;
        for id in ids {
            let known = self.known.entry(id.clone()).or_insert_with(|| Known {
                word: None,
                asked: now.stamp(),
                first: now.stamp(),
                changed: false,
            });
            known.asked = now.stamp();
            if let Some(told) = answer.iter().find(|told| told.id == *id) {
                known.learn(told, region, cluster, now);
            }
        }
    }

    /// An EC2 that refuses is asked less and less often, whatever else the leader has to do.
    fn failed(&mut self, error: &StepError, now: Moment) {
        let trouble = match error {
            StepError::Cloud(CloudError::Throttled { .. }) => Trouble::Throttled(error.to_string()),
            _ => Trouble::Failed(error.to_string()),
        };
        let same = |_: &Answer<()>, _: &Answer<()>| true;
        Series::see(&mut self.failed, Err(trouble), same, IN_A_ROW, now);
    }

    /// How long until somebody has to be asked about.
    fn wait(&self, nodes: &[NodeEntry], now: Moment) -> Option<Duration> {
        let refresh = self.refresh.map(|at| at.left(now).unwrap_or_default());
        let ready = nodes.iter().filter(|node| node.ready);
        let known = ready.filter_map(|node| self.known.get(node.instance_id.as_ref()?));
        let doubts = known.filter_map(|known| known.due_in(now));
        let soonest = doubts.chain(refresh).min();
        soonest.map(|time| time.max(self.held(now).unwrap_or_default()))
    }

    pub(super) fn held(&self, now: Moment) -> Option<Duration> {
        let failed = self.failed.as_ref()?.reading(now);
        Gaps::TROUBLE.remaining(&failed)
    }
}

fn word(told: &Told, region: &str, cluster: &ClusterName) -> Instance {
    let tag = |key: &str| told.tags.get(key).map(String::as_str);
    let role = tag(ROLE_TAG).and_then(|role| role.parse::<Role>().ok());
    let labels = told.tags.iter().filter_map(|(key, value)| {
        Some((
            key.strip_prefix(LABEL_TAG_PREFIX)?.to_owned(),
            value.clone(),
        ))
    });
    Instance {
        alive: told.state == InstanceState::Alive,
        role: role.filter(|_| tag(CLUSTER_TAG) == Some(cluster.as_str())),
        tagged: tag(ROLE_TAG).is_some(),
        lasted: Duration::ZERO,
        addresses: told.addresses.clone(),
        labels: labels.collect(),
        facts: facts(told, region),
        group: tag(GROUP_TAG).map(str::to_owned),
        launched: told.facts.launched,
    }
}

/// What EC2 says of an instance, as node labels; what it does not say is left out.
fn facts(told: &Told, region: &str) -> BTreeMap<String, String> {
    let facts = &told.facts;
    let lifecycle = if facts.spot { "spot" } else { "on-demand" };
    let labels = [
        ("swarmlet.region", Some(region)),
        ("swarmlet.zone", facts.zone.as_deref()),
        ("swarmlet.zone-id", facts.zone_id.as_deref()),
        ("swarmlet.instance-type", facts.instance_type.as_deref()),
        ("swarmlet.architecture", facts.architecture.as_deref()),
        ("swarmlet.lifecycle", Some(lifecycle)),
    ];
    let known = labels
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    known
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

impl<O: Outside> Agent<O> {
    /// Asks EC2 about those that are due; says when the next are.
    pub(super) async fn ask_instances(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let every = self.settings.swarm.tags_refresh;
        let now = self.edges.now();
        let instances = &mut self.chores.instances;
        instances.forget(nodes);
        if let Some(left) = instances.held(now) {
            return Ok(Some(left));
        }
        let (ids, more) = instances.due(nodes, every, now);
        for portion in ids.chunks(BATCH) {
            if let Err(error) = self.ask_about(portion).await {
                let now = self.edges.now();
                self.chores.instances.failed(&error, now);
                return Err(error);
            }
        }
        Ok(if more {
            Some(Duration::ZERO)
        } else {
            self.chores.instances.wait(nodes, self.edges.now())
        })
    }

    /// An answer counts only if it contains this node's own instance: an empty or partial one says
    /// nothing about anybody.
    async fn ask_about(&mut self, ids: &[String]) -> Result<(), StepError> {
        let own = &self.node.instance_id;
        let answer = self.edges.fleet.instances(own, ids).await?;
        if !answer.knows(own) {
            return Err(StepError::PartialAnswer);
        }
        let here = (self.node.region.as_str(), &self.node.cluster);
        let now = self.edges.now();
        let instances = &mut self.chores.instances;
        instances.learn(ids, &answer.known, here, now);
        Ok(())
    }
}

#[cfg(test)]
#[path = "instances_tests.rs"]
pub(super) mod tests;
