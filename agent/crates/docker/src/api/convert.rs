//! The engine's answers in the agent's words.

use std::collections::HashMap;
use std::net::SocketAddr;

use bollard::models::{
    LocalNodeState, Node, NodeSpecAvailabilityEnum, NodeSpecRoleEnum, NodeState, ObjectVersion,
    Reachability, Swarm as Inspected, SwarmInfo, SwarmSpec,
};

use crate::certificate::Subject;
use crate::{EngineError, sentences};
use protocol::labels::{CLAIM_LABEL, DEPARTING_LABEL, EPOCH_LABEL, INSTANCE_LABEL, ROTATED_LABEL};
use protocol::{Availability, Control, EngineState, Epoch, Identity, Member, Origin, Role};
use protocol::{ManagerEntry, NodeEntry, Swarm};
use protocol::{date, is_instance_id};

/// What the engine's files say of the node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Papers {
    /// Whose certificate it has.
    pub(super) subject: Option<Subject>,
    /// Digest of the root certificate that it trusts.
    pub(super) ca_digest: Option<String>,
    /// Its key is encrypted.
    pub(super) locks: bool,
}

/// Whether the engine is a manager whose answers count. `ControlAvailable` alone does not
/// say so: it stays true without a leader.
pub(super) fn controls(info: &SwarmInfo) -> bool {
    let error = info.error.as_deref().unwrap_or_default();
    info.control_available == Some(true) && error.is_empty() && swarm_id(info).is_some()
}

fn swarm_id(info: &SwarmInfo) -> Option<String> {
    let id = info.cluster.as_ref().and_then(|cluster| cluster.id.clone());
    id.filter(|id| !id.is_empty())
}

/// Docker's id of the node, once it has one.
pub(super) fn node_id(info: &SwarmInfo) -> Option<String> {
    info.node_id.clone().filter(|id| !id.is_empty())
}

/// What `/info` and the node's certificates say together.
pub(super) fn state(info: &SwarmInfo, papers: Papers, leader: bool) -> EngineState {
    let error = said_error(info).map(str::to_owned);
    match local_state(info) {
        LocalNodeState::LOCKED => EngineState::Locked,
        LocalNodeState::ERROR => EngineState::Error(sentences::failure(error.unwrap_or_default())),
        LocalNodeState::PENDING if info.control_available != Some(true) => {
            EngineState::Pending(identity(info, papers))
        }
        LocalNodeState::ACTIVE | LocalNodeState::PENDING => EngineState::Active(Member {
            identity: identity(info, papers),
            control: control(info, error, leader),
        }),
        LocalNodeState::INACTIVE | LocalNodeState::EMPTY => EngineState::Inactive,
    }
}

/// The engine's word for its part in a swarm. `error` outlasts the failure: once an engine has had to start its swarm part
/// again, it says so until it leaves or is restarted itself (moby `daemon/cluster/noderunner.go`: `cancelReconnect` stays
/// set, and `State` looks at it). A swarm part that is at work again has forgotten why the one before it ended, and has a
/// node id; a manager's answers.
pub(super) fn local_state(info: &SwarmInfo) -> LocalNodeState {
    let said = info.local_node_state.unwrap_or(LocalNodeState::EMPTY);
    let controls = info.control_available == Some(true);
    let works = controls || said_error(info).is_none() && node_id(info).is_some();
    if said == LocalNodeState::ERROR && works {
        return LocalNodeState::ACTIVE;
    }
    said
}

fn said_error(info: &SwarmInfo) -> Option<&str> {
    info.error.as_deref().filter(|error| !error.is_empty())
}

fn identity(info: &SwarmInfo, papers: Papers) -> Identity {
    let (swarm, node) = papers.subject.map(|s| (s.swarm_id, s.node_id)).unzip();
    let node_id = node_id(info).or(node);
    Identity {
        managers: managers(info, node_id.as_deref()),
        node_id,
        swarm_id: swarm_id(info).or(swarm),
        ca_digest: papers.ca_digest,
        locks: papers.locks,
    }
}

/// The managers that the engine knows, besides this node.
fn managers(info: &SwarmInfo, own: Option<&str>) -> Vec<SocketAddr> {
    let known = info.remote_managers.iter().flatten();
    let others = known.filter(|peer| own.is_none() || peer.node_id.as_deref() != own);
    let addresses = others.filter_map(|peer| peer.addr.as_ref()?.parse().ok());
    let mut managers: Vec<SocketAddr> = addresses.collect();
    managers.sort_unstable();
    managers.dedup();
    managers
}

fn control(info: &SwarmInfo, error: Option<String>, leader: bool) -> Control {
    if info.control_available != Some(true) {
        return Control::Worker;
    }
    if !controls(info) {
        return Control::NoLeader(error.unwrap_or_default());
    }
    let spec = info
        .cluster
        .as_ref()
        .and_then(|cluster| cluster.spec.as_ref());
    Control::Manager {
        leader,
        origin: spec.and_then(origin),
    }
}

fn origin(spec: &SwarmSpec) -> Option<Origin> {
    let nonce = label(spec, CLAIM_LABEL)?.clone();
    Some(Origin {
        epoch: epoch(spec)?,
        nonce,
    })
}

fn epoch(spec: &SwarmSpec) -> Option<Epoch> {
    label(spec, EPOCH_LABEL)?.parse().ok()
}

fn label<'a>(spec: &'a SwarmSpec, key: &str) -> Option<&'a String> {
    spec.labels.as_ref()?.get(key)
}

/// Whether a node is the leader.
pub(super) fn leads(node: &Node) -> bool {
    let status = node.manager_status.as_ref();
    status.is_some_and(|status| status.leader == Some(true))
}

/// The version under which an object may be updated.
pub(super) fn version(version: Option<ObjectVersion>) -> Result<i64, EngineError> {
    let index = version.and_then(|version| version.index);
    index
        .and_then(|index| i64::try_from(index).ok())
        .ok_or_else(|| EngineError::Down("its answer has no version to update".into()))
}

/// `GET /swarm`. The manager token in it is dropped here and goes nowhere.
pub(super) fn swarm(inspected: Inspected) -> Result<Swarm, EngineError> {
    let missing = |what: &str| EngineError::Down(format!("its answer to GET /swarm has no {what}"));
    let worker = inspected.join_tokens.and_then(|tokens| tokens.worker);
    let spec = inspected.spec.as_ref();
    let encryption = spec.and_then(|spec| spec.encryption_config.as_ref());
    Ok(Swarm {
        id: inspected.id.ok_or_else(|| missing("id"))?,
        epoch: spec.and_then(epoch),
        worker_token: worker.ok_or_else(|| missing("worker token"))?.into(),
        rotated: spec
            .and_then(|spec| label(spec, ROTATED_LABEL))
            .and_then(|time| time.parse().ok()),
        autolock: encryption.is_some_and(|e| e.auto_lock_managers == Some(true)),
    })
}

/// One entry of `GET /nodes`; `None` where it has no id.
pub(super) fn node(node: Node) -> Option<NodeEntry> {
    let spec = node.spec.unwrap_or_default();
    let status = node.status.unwrap_or_default();
    let engine = node.description.and_then(|d| d.engine).unwrap_or_default();
    let told = engine.labels.unwrap_or_default();
    let labels = spec.labels.unwrap_or_default();
    let manager = node.manager_status.and_then(|manager| {
        Some(ManagerEntry {
            address: manager.addr?.parse().ok()?,
            reachable: manager.reachability == Some(Reachability::REACHABLE),
            leader: manager.leader == Some(true),
        })
    });
    Some(NodeEntry {
        created: node.created_at.as_deref().and_then(date::iso_nanos),
        id: node.id?,
        role: match spec.role {
            Some(NodeSpecRoleEnum::MANAGER) => Role::Manager,
            _ => Role::Worker,
        },
        availability: match spec.availability {
            Some(NodeSpecAvailabilityEnum::DRAIN) => Availability::Drain,
            Some(NodeSpecAvailabilityEnum::PAUSE) => Availability::Pause,
            _ => Availability::Active,
        },
        ready: status.state == Some(NodeState::READY),
        down: status.state == Some(NodeState::DOWN),
        instance_id: told
            .get(INSTANCE_LABEL)
            .filter(|id| is_instance_id(id))
            .cloned(),
        asks_to_leave: departing(&told),
        labels: labels.into_iter().collect(),
        address: status.addr.and_then(|address| address.parse().ok()),
        manager,
    })
}

/// A value that is no time says that the node is leaving all the same.
fn departing(labels: &HashMap<String, String>) -> Option<u64> {
    let value = labels.get(DEPARTING_LABEL)?;
    Some(value.parse().unwrap_or_default())
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
