//! What people and programs learn of the managers' groups.

use std::collections::BTreeSet;

use tracing::warn;

use super::facts;
use crate::run::{Agent, Outside};
use protocol::NodeEntry;
use protocol::Role;
use view::status::groups::ManagerGroup;

impl<O: Outside> Agent<O> {
    pub(super) fn show_groups(&mut self, nodes: &[NodeEntry], names: &BTreeSet<String>) {
        let shown: Vec<_> = names
            .iter()
            .filter_map(|name| self.shown_group(name, nodes))
            .collect();
        self.metrics.groups(&shown);
        for text in shown.iter().flat_map(ManagerGroup::warnings) {
            if !self.chores.said.contains(&text) {
                warn!("{text}");
                self.chores.said.insert(text);
            }
        }
        self.chores.protection.shown = shown;
    }

    /// `None` while its hooks are not known.
    fn shown_group(&self, name: &str, nodes: &[NodeEntry]) -> Option<ManagerGroup> {
        let protection = &self.chores.protection;
        let hooks = protection.groups.hooks_of(name)?;
        let managers = nodes.iter().filter(|node| node.role == Role::Manager);
        let own = managers
            .filter(|node| facts::group(node, self.node.instances()).is_some_and(|g| g == name));
        let own: Vec<&String> = own.filter_map(|node| node.instance_id.as_ref()).collect();
        let is_protected = |id: &String| {
            let member = protection.groups.member(name, id);
            member.is_some_and(|member| member.protected)
        };
        let (protected, unprotected) = own.into_iter().cloned().partition(is_protected);
        Some(ManagerGroup {
            name: name.to_owned(),
            launching_hook: hooks.launching,
            terminating_hook: hooks.terminating,
            protected,
            unprotected,
            trouble: protection.trouble.clone(),
        })
    }
}
