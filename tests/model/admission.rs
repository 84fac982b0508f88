//! Who is given labels and tasks, and who is refused: production's decisions, one change at a time.

use protocol::leader::Snapshot;
use protocol::leader::admission::{self, Doubts, REMOVED_AFTER, Refusal, Step};
use protocol::leader::claims::{Claims, Doubt, InstanceClaim};
use protocol::leader::labelling::{self, Labelling};
use protocol::leader::reaping::Downtimes;
use protocol::{Availability, Instances, NodeChange, NodeEntry};

use crate::ages;
use crate::chores::Chore;
use crate::variant::Variant;
use crate::words;
use crate::world::{Rule, World};

/// When a refusal was written makes no difference here: it is late enough for the next step, or nothing is certain.
pub(crate) fn long_ago(refusal: Refusal) -> Refusal {
    Refusal {
        since: ages::NOW.unix - REMOVED_AFTER,
        ..refusal
    }
}

impl World {
    /// The next change of somebody's entry, or the next entry to be taken off. `before` is EC2's word of long ago, if there
    /// was one: by that, and now, a claim may be refuted for as long.
    pub(crate) fn admit(
        &self,
        raft: u8,
        seen: &Snapshot<'_>,
        before: Option<&Instances>,
        downtimes: &Downtimes,
        variant: Variant,
    ) -> Option<Chore> {
        let judged = Claims::of(seen).judged();
        let labelled = judged.iter().find_map(|(node, claim)| {
            let claim = told(*claim, node, seen, variant);
            let next = labelling::next(node, claim, Availability::Active);
            let Labelling::Change(change) = next else {
                return None;
            };
            let change = self.changes(raft, node, change);
            change.map(|(index, change)| Chore::Label(index, change))
        });
        let mut doubts = Doubts::default();
        if let Some(instances) = before {
            let now = words::before();
            let earlier = Snapshot {
                instances,
                now,
                ..*seen
            };
            doubts.look(&Claims::of(&earlier).judged(), now);
        }
        doubts.look(&judged, seen.now);
        let removable = || downtimes.allowed(seen.nodes, seen.now);
        labelled.or_else(|| {
            let steps = admission::next(seen, &judged, &doubts, removable);
            steps.into_iter().find_map(|step| match step {
                Step::Refuse { node, change, .. } => {
                    let change = self.changes(raft, &node, change);
                    change.map(|(index, change)| Chore::Refuse(index, change))
                }
                Step::Remove { node, .. } => Some(Chore::Expel(index(&node))),
            })
        })
    }

    /// A change, if it makes one: most labels are not in the model.
    fn changes(
        &self,
        raft: u8,
        node: &NodeEntry,
        change: NodeChange,
    ) -> Option<(usize, NodeChange)> {
        let before = self.raft(raft).entries[index(node)];
        let mut after = before;
        after.change(&change);
        (node.ready && after != before).then(|| (index(node), change))
    }

    /// Does it, and notes whom it is done to.
    pub(crate) fn change(&mut self, raft: u8, index: usize, change: &NodeChange, rule: Rule) {
        let entry = &mut self.rafts[usize::from(raft)].entries[index];
        entry.change(change);
        let is_stranger = entry.stranger.is_some();
        let holds = is_stranger == (rule == Rule::RefuseStrangers);
        self.history.note(rule, holds);
    }

    /// An entry is removed, or its manager demoted: its node is gone, has left that life, or says that it leaves. Who was never
    /// admitted joins again.
    pub(crate) fn note_end(&mut self, raft: u8, index: usize, rule: Rule) {
        let entry = self.raft(raft).entries[index];
        let node = self.nodes.get(usize::from(entry.node));
        let is_gone = node.is_none_or(|node| {
            node.dead || node.place.is_none_or(|place| place.life != entry.life)
        });
        let leaves = match rule {
            Rule::ReapTheGone => {
                let goes = entry.departs().is_some_and(|why| why.deadline() != 0);
                goes || !entry.admitted
            }
            _ => entry.departs().is_some(),
        };
        self.history.note(rule, is_gone || leaves);
    }
}

fn index(node: &NodeEntry) -> usize {
    node.id.parse().expect("an index")
}

/// A claim, as labelling is told of it.
fn told<'a>(
    claim: InstanceClaim<'a>,
    node: &NodeEntry,
    seen: &Snapshot<'a>,
    variant: Variant,
) -> InstanceClaim<'a> {
    let instance = seen.instances.of(node.instance_id.as_ref());
    match (claim, instance) {
        (InstanceClaim::Refuted(Doubt::SecondClaim, _), Some(instance))
            if variant == Variant::AdmitsSecond =>
        {
            InstanceClaim::Proved(instance)
        }
        _ => claim,
    }
}
