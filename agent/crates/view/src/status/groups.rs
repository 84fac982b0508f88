//! The Auto Scaling groups of the managers, as the leader sees them.

use serde::{Deserialize, Serialize};

/// What to do about a hook that is missing.
pub const CURE: &str =
    "add it: aws autoscaling put-lifecycle-hook, or \"Lifecycle hooks\" in docs/install.md";

/// One group.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ManagerGroup {
    /// Its name.
    pub name: String,
    /// It has a hook for `autoscaling:EC2_INSTANCE_LAUNCHING`.
    pub launching_hook: bool,
    /// It has a hook for `autoscaling:EC2_INSTANCE_TERMINATING`.
    pub terminating_hook: bool,
    /// Its managers that are protected from scale-in, by instance id.
    pub protected: Vec<String>,
    /// Its managers that are not: those that raft can spare, where it has no terminating hook.
    pub unprotected: Vec<String>,
    /// Why the leader cannot protect them.
    pub trouble: Option<String>,
}

impl ManagerGroup {
    /// What it lacks, what that costs and what to do, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let (terminating, launching) = (self.terminating_hook, self.launching_hook);
        let missing = missing(&self.name, launching, terminating);
        let missing = missing.into_iter().map(|text| format!("{text}; {CURE}"));
        let trouble = self.trouble.as_ref().filter(|_| !terminating);
        let trouble =
            trouble.map(|why| format!("cannot protect the managers of group {}: {why}", self.name));
        missing.chain(trouble).collect()
    }
}

/// What a group of managers without these hooks costs.
pub fn missing(group: &str, launching: bool, terminating: bool) -> Vec<String> {
    let terminating = (!terminating).then(|| {
        format!(
            "managers' group {group} has no terminating hook: an instance that it ends is gone before its node can \
             leave, and the tasks on it are killed; unless swarm.protect_managers is off, those that raft cannot spare \
             are protected from scale-in"
        )
    });
    let launching = (!launching).then(|| {
        format!(
            "managers' group {group} has no launching hook: it takes an instance into service before its node is in \
             the swarm, and an instance refresh does not wait for that"
        )
    });
    terminating.into_iter().chain(launching).collect()
}
