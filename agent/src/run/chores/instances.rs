//! EC2's word about the nodes' instances, kept fresh: what labels and roles follow from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::node::{CLUSTER_TAG, GROUP_TAG, LABEL_TAG_PREFIX, ROLE_TAG};
use crate::run::{Agent, Chance, Outside, StepError};
use aws::CloudError;
use aws::fleet::{Fleet, Instance as Told, InstanceState};
use protocol::NodeEntry;
use protocol::labelling::TAGLESS;
use protocol::pace::{FLEET_GAP, Gaps, ROUND};
use protocol::{ClusterName, Instance, Role};

/// EC2's answers lag behind a launch: an instance without tags is asked about again.
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// Values of one filter, besides this node's own: `DescribeInstances` takes up to 200.
const BATCH: usize = 199;

/// EC2's word by instance id, and when which instances are asked about.
#[derive(Debug, Default)]
pub(super) struct Instances {
    known: BTreeMap<String, Known>,
    /// When the next of those that are known are asked about.
    refresh: Option<Instant>,
    failures: u32,
    held: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    word: Option<Instance>,
    asked: Instant,
    /// When an answer first gave it the role that it has.
    first: Instant,
    /// That role is another than the one before: one answer is not enough for it.
    changed: bool,
}

impl Known {
    /// How long until it is asked about again on its own account.
    fn due_in(&self) -> Option<Duration> {
        let gap = match &self.word {
            Some(word) if word.tagged && self.changed && word.lasted < FLEET_GAP => FLEET_GAP,
            Some(word) if word.tagged || word.lasted >= TAGLESS => return None,
            _ => ASK_AGAIN,
        };
        Some(gap.saturating_sub(self.asked.elapsed()))
    }

    /// What an answer adds. Tags that are missing from it say nothing: EC2 tells them late, and takes
    /// them away early.
    fn learn(&mut self, told: &Told, region: &str, cluster: &ClusterName) {
        let now = Instant::now();
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
                self.first = now;
                self.changed = old.as_ref().is_some_and(|old| old.tagged);
            }
        }
        word.lasted = now - self.first;
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
    fn due(&mut self, nodes: &[NodeEntry], every: Duration) -> (Vec<String>, bool) {
        let ready = nodes.iter().filter(|node| node.ready);
        let ids = ready.filter_map(|node| node.instance_id.as_ref());
        let in_doubt = |id: &&String| {
            let known = self.known.get(*id);
            known.is_none_or(|known| known.due_in() == Some(Duration::ZERO))
        };
        let fresh: Vec<String> = ids.filter(in_doubt).take(BATCH).cloned().collect();
        if !fresh.is_empty() {
            self.refresh.get_or_insert(Instant::now() + every);
            let more = fresh.len() == BATCH;
            return (fresh, more);
        }
        if self.refresh.is_none_or(|at| at > Instant::now()) {
            return (Vec::new(), false);
        }
        (self.oldest(every), false)
    }

    /// Those of the next portion.
    fn oldest(&mut self, every: Duration) -> Vec<String> {
        let calls = self.known.len().div_ceil(BATCH).max(1);
        let rounds = usize::try_from(every.as_secs() / ROUND.as_secs()).unwrap_or(usize::MAX);
        let portions = calls.min(rounds.max(1));
        self.refresh = Some(Instant::now() + every / u32::try_from(portions).unwrap_or(u32::MAX));
        let mut oldest: Vec<_> = self.known.iter().collect();
        oldest.sort_by_key(|(_, known)| known.asked);
        let oldest = oldest.into_iter().take(calls.div_ceil(portions) * BATCH);
        oldest.map(|(id, _)| id.clone()).collect()
    }

    fn learn(&mut self, ids: &[String], answer: &[Told], region: &str, cluster: &ClusterName) {
        let now = Instant::now();
        for id in ids {
            let known = self.known.entry(id.clone()).or_insert_with(|| Known {
                word: None,
                asked: now,
                first: now,
                changed: false,
            });
            known.asked = now;
            if let Some(told) = answer.iter().find(|told| told.id == *id) {
                known.learn(told, region, cluster);
            }
        }
    }

    /// An EC2 that refuses is asked less and less often, whatever else the leader has to do.
    fn failed(&mut self, error: &StepError, chance: &impl Chance) {
        self.failures = self.failures.saturating_add(1);
        let gap = match error {
            StepError::Cloud(CloudError::Throttled { .. }) => {
                chance.within(Gaps::THROTTLED.after(self.failures))
            }
            _ => Gaps::TROUBLE.after(self.failures),
        };
        self.held = Some(Instant::now() + gap);
    }

    /// How long until somebody has to be asked about.
    fn wait(&self, nodes: &[NodeEntry]) -> Option<Duration> {
        let refresh = self.refresh.map(|at| at - Instant::now());
        let ready = nodes.iter().filter(|node| node.ready);
        let known = ready.filter_map(|node| self.known.get(node.instance_id.as_ref()?));
        let doubts = known.filter_map(Known::due_in);
        let soonest = doubts.chain(refresh).min();
        soonest.map(|time| time.max(self.held().unwrap_or_default()))
    }

    pub(super) fn held(&self) -> Option<Duration> {
        let left = self.held?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
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
        let instances = &mut self.chores.instances;
        instances.forget(nodes);
        if let Some(left) = instances.held() {
            return Ok(Some(left));
        }
        let (ids, more) = instances.due(nodes, every);
        for portion in ids.chunks(BATCH) {
            if let Err(error) = self.ask_about(portion).await {
                let chance = &self.edges.chance;
                self.chores.instances.failed(&error, chance);
                return Err(error);
            }
        }
        Ok(if more {
            Some(Duration::ZERO)
        } else {
            self.chores.instances.wait(nodes)
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
        let (region, cluster) = (&self.node.region, &self.node.cluster);
        let instances = &mut self.chores.instances;
        instances.learn(ids, &answer.known, region, cluster);
        (instances.failures, instances.held) = (0, None);
        Ok(())
    }
}

#[cfg(test)]
#[path = "instances_tests.rs"]
pub(super) mod tests;
