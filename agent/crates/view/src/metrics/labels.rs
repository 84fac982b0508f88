//! The labels of the numbers. Each has few values: none is an instance, a task or an address of others.

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct NodeLabels {
    pub(super) instance_id: String,
    pub(super) cluster: String,
    pub(super) role: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct StateLabel {
    pub(super) state: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct DecisionLabels {
    pub(super) action: &'static str,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct ActionLabel {
    pub(super) action: &'static str,
}

/// Which chore.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub struct ChoreLabel {
    /// Its name: `ticket`, `label`, ….
    pub chore: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct KindLabel {
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct CauseLabel {
    pub(super) cause: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct NodesLabels {
    pub(super) role: &'static str,
    pub(super) state: &'static str,
    pub(super) availability: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct HookLabels {
    pub(super) group: String,
    pub(super) hook: &'static str,
}
