//! What people and programs learn of the managers' groups.

use std::collections::BTreeSet;

use tracing::warn;

use super::facts;
use super::groups::Groups;
use crate::run::chores::outcomes::Said;
use crate::run::error::StepError;
use aws::CloudError;
use protocol::{Instances, NodeEntry, Role};
use view::status::groups::ManagerGroup;

/// These groups; nothing of one whose hooks are not known.
pub(super) fn shown(
    groups: &Groups,
    trouble: Option<&String>,
    nodes: &[NodeEntry],
    instances: &Instances,
    names: &BTreeSet<String>,
) -> Vec<ManagerGroup> {
    let shown = names.iter().filter_map(|name| {
        let group = shown_group(groups, nodes, instances, name)?;
        let trouble = trouble.cloned();
        Some(ManagerGroup { trouble, ..group })
    });
    shown.collect()
}

/// `None` while its hooks are not known.
fn shown_group(
    groups: &Groups,
    nodes: &[NodeEntry],
    instances: &Instances,
    name: &str,
) -> Option<ManagerGroup> {
    let hooks = groups.hooks_of(name)?;
    let managers = nodes.iter().filter(|node| node.role == Role::Manager);
    let own = managers.filter(|node| facts::group(node, instances).is_some_and(|g| g == name));
    let own: Vec<&String> = own.filter_map(|node| node.instance_id.as_ref()).collect();
    let is_protected = |id: &String| {
        let member = groups.member(name, id);
        member.is_some_and(|member| member.protected)
    };
    let (protected, unprotected) = own.into_iter().cloned().partition(is_protected);
    Some(ManagerGroup {
        name: name.to_owned(),
        launching_hook: hooks.launching,
        terminating_hook: hooks.terminating,
        protected,
        unprotected,
        trouble: None,
    })
}

/// Says once what is wrong with the groups. An old policy lacks the permission to protect: it is said, and nothing else
/// suffers.
pub(in crate::run::chores) fn tell<T>(
    said: &mut Said,
    shown: &[ManagerGroup],
    done: Result<Option<T>, StepError>,
) -> Result<Option<T>, StepError> {
    for text in shown.iter().flat_map(ManagerGroup::warnings) {
        if said.is_new(text.clone()) {
            warn!("{text}");
        }
    }
    match done {
        Err(StepError::Cloud(error @ CloudError::Denied { .. })) => {
            if said.is_new(error.to_string()) {
                warn!(%error, "managers are not protected from scale-in");
            }
            Ok(None)
        }
        done => done,
    }
}
