//! What the decision about protection rests on: the swarm's list, EC2's word and Auto Scaling's, put together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::choice::{Age, Node, Raft, Record, Standing};
use super::groups::Groups;
use crate::facts::groups::Group;
use crate::labels::PROTECTED_LABEL;
use crate::{Instance, Instances, Moment, NodeEntry, Role, Series, pace};

/// Since when managers are not healthy, by node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ill(BTreeMap<String, Series<()>>);

impl Ill {
    /// Notes who is ill.
    pub(super) fn look<'a>(&mut self, nodes: impl Iterator<Item = &'a NodeEntry>, now: Moment) {
        let mut before = std::mem::take(&mut self.0);
        for node in nodes.filter(|node| !is_healthy(node)) {
            let mut seen = before.remove(&node.id);
            Series::see(&mut seen, (), |(), ()| true, pace::SERIES, now);
            self.0.extend(seen.map(|seen| (node.id.clone(), seen)));
        }
    }

    fn lasted(&self, id: &str) -> Duration {
        self.0.get(id).map(Series::lasted).unwrap_or_default()
    }
}

/// A manager that raft counts on, also in a moment.
pub(super) fn is_healthy(node: &NodeEntry) -> bool {
    node.ready
        && node.manager.is_some_and(|manager| manager.reachable)
        && node.departing().is_none()
}

pub(super) fn raft<'a>(managers: impl Iterator<Item = &'a NodeEntry>) -> Raft {
    let mut raft = Raft {
        members: 0,
        healthy: 0,
    };
    for node in managers {
        raft.members += 1;
        raft.healthy += usize::from(is_healthy(node));
    }
    raft
}

pub(super) fn record(node: &NodeEntry) -> Option<Record> {
    Record::parse(node.labels.get(PROTECTED_LABEL)?)
}

/// The group of a node that is a manager, is to be one, or was protected as one.
pub(super) fn group<'a>(node: &NodeEntry, instances: &'a Instances) -> Option<&'a String> {
    let instance = instances.of(node.instance_id.as_ref())?;
    let concerned = node.role == Role::Manager
        || instance.role == Some(Role::Manager)
        || node.labels.contains_key(PROTECTED_LABEL);
    // Whoever claims an instance that is another's has no say about that one's protection.
    instance
        .group
        .as_ref()
        .filter(|_| concerned && instance.is_at(node.seen_at(Some(instance))))
}

/// Everything that is known of one node; `None` where Auto Scaling does not know its instance.
pub(super) fn node(
    node: &NodeEntry,
    instances: &Instances,
    groups: &Groups,
    wanted: bool,
    ill: &Ill,
) -> Option<Node> {
    let name = group(node, instances)?;
    let instance = instances.of(node.instance_id.as_ref())?;
    let instance_id = node.instance_id.clone()?;
    let member = groups.member(name, &instance_id)?;
    let launches = launches(groups.group(name)?, instances);
    Some(Node {
        id: node.id.clone(),
        care: groups.care(name, wanted),
        group: name.clone(),
        standing: standing(node, instance, ill.lasted(&node.id)),
        leader: node.manager.is_some_and(|manager| manager.leader),
        in_service: member.in_service,
        protected: member.protected,
        record: record(node),
        age: Age {
            is_current: launches.is_none() || member.version == launches,
            launched: instance.launched,
        },
        instance_id,
    })
}

fn standing(node: &NodeEntry, instance: &Instance, ill_for: Duration) -> Standing {
    let can_be_promoted =
        node.ready && node.departing().is_none() && instance.role == Some(Role::Manager);
    match node.role {
        Role::Manager if is_healthy(node) => Standing::Healthy,
        Role::Manager => Standing::Ill(ill_for),
        Role::Worker if can_be_promoted => Standing::Candidate,
        Role::Worker => Standing::Outside,
    }
}

/// The version of the launch template that the group launches now: its own word or, where that is `$Latest` or
/// `$Default`, the version of the instance that it launched last, of those that are known here.
fn launches(group: &Group, instances: &Instances) -> Option<u64> {
    let launched = |id: &String| {
        instances
            .of(Some(id))
            .and_then(|instance| instance.launched)
    };
    let known = group
        .members
        .iter()
        .filter_map(|member| Some((launched(&member.id)?, member.version)));
    group.version.or_else(|| known.max_by_key(|(at, _)| *at)?.1)
}

/// The groups that it is about.
pub(super) fn managers_groups(
    nodes: &[NodeEntry],
    instances: &Instances,
    wanted: bool,
) -> BTreeSet<String> {
    let concerned = nodes
        .iter()
        .filter(|node| wanted || node.labels.contains_key(PROTECTED_LABEL));
    let groups = concerned.filter_map(|node| group(node, instances));
    groups.cloned().collect()
}

/// Whether the managers' only group is to have one instance, and has more.
pub(super) fn excess(groups: &Groups, names: &BTreeSet<String>) -> bool {
    let mut names = names.iter();
    let (Some(name), None) = (names.next(), names.next()) else {
        return false;
    };
    groups.group(name).is_some_and(|group| {
        let members = group.members.iter().filter(|member| member.in_service);
        group.desired == 1 && members.count() > 1
    })
}
