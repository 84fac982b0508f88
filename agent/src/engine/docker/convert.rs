//! The engine's answers in the agent's words.

use bollard::models::{
    LocalNodeState, Node, NodeSpecRoleEnum, NodeState, Reachability, Swarm as Inspected, SwarmInfo,
    SwarmSpec,
};

use crate::engine::certificate::Subject;
use crate::engine::{
    CLAIM_LABEL, EPOCH_LABEL, EngineError, INSTANCE_LABEL, ManagerEntry, NodeEntry, Swarm,
};
use crate::swarm::{Control, EngineState, Epoch, Member, Origin, Role};

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

/// What `/info` and the node's certificate say together.
pub(super) fn state(info: &SwarmInfo, certificate: Option<Subject>, leader: bool) -> EngineState {
    let node_id = info.node_id.clone().filter(|id| !id.is_empty());
    let error = info.error.clone().filter(|error| !error.is_empty());
    match info.local_node_state {
        Some(LocalNodeState::LOCKED) => EngineState::Locked,
        Some(LocalNodeState::ERROR) => EngineState::Error(error.unwrap_or_default()),
        Some(LocalNodeState::PENDING) if info.control_available != Some(true) => {
            EngineState::Pending {
                since: std::time::Duration::ZERO,
                node_id,
            }
        }
        Some(LocalNodeState::ACTIVE | LocalNodeState::PENDING) => EngineState::Active(Member {
            node_id: node_id.unwrap_or_default(),
            swarm_id: swarm_id(info).or(certificate.map(|subject| subject.swarm_id)),
            control: control(info, error, leader),
        }),
        Some(LocalNodeState::INACTIVE | LocalNodeState::EMPTY) | None => EngineState::Inactive,
    }
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

/// `GET /swarm`. The manager token in it is dropped here and goes nowhere.
pub(super) fn swarm(inspected: Inspected) -> Result<Swarm, EngineError> {
    let missing = |what: &str| EngineError::Down(format!("its answer to GET /swarm has no {what}"));
    let worker = inspected.join_tokens.and_then(|tokens| tokens.worker);
    Ok(Swarm {
        id: inspected.id.ok_or_else(|| missing("id"))?,
        epoch: inspected.spec.as_ref().and_then(epoch),
        worker_token: worker.ok_or_else(|| missing("worker token"))?.into(),
    })
}

/// One entry of `GET /nodes`; `None` where it has no id.
pub(super) fn node(node: Node) -> Option<NodeEntry> {
    let spec = node.spec.unwrap_or_default();
    let status = node.status.unwrap_or_default();
    let engine = node.description.and_then(|d| d.engine).unwrap_or_default();
    let manager = node.manager_status.and_then(|manager| {
        Some(ManagerEntry {
            address: manager.addr?.parse().ok()?,
            reachable: manager.reachability == Some(Reachability::REACHABLE),
            leader: manager.leader == Some(true),
        })
    });
    Some(NodeEntry {
        id: node.id?,
        role: match spec.role {
            Some(NodeSpecRoleEnum::MANAGER) => Role::Manager,
            _ => Role::Worker,
        },
        ready: status.state == Some(NodeState::READY),
        instance_id: engine
            .labels
            .and_then(|mut labels| labels.remove(INSTANCE_LABEL)),
        address: status.addr.and_then(|address| address.parse().ok()),
        manager,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(json: &str) -> SwarmInfo {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_worker_knows_its_swarm_by_its_certificate_only() {
        let info =
            info(r#"{"NodeID":"n","LocalNodeState":"active","ControlAvailable":false,"Error":""}"#);
        let certificate = Some(Subject {
            swarm_id: "s".into(),
            node_id: "n".into(),
        });
        let expected = Member {
            node_id: "n".into(),
            swarm_id: Some("s".into()),
            control: Control::Worker,
        };
        assert_eq!(
            state(&info, certificate, false),
            EngineState::Active(expected)
        );
    }

    #[test]
    fn control_available_is_not_control() {
        let info = info(
            r#"{"NodeID":"n","LocalNodeState":"active","ControlAvailable":true,
                "Error":"rpc error: code = Unknown desc = The swarm does not have a leader.","Cluster":{"ID":""}}"#,
        );
        assert!(!controls(&info));
        let EngineState::Active(member) = state(&info, None, false) else {
            panic!()
        };
        assert!(matches!(member.control, Control::NoLeader(why) if why.contains("leader")));
    }

    #[test]
    fn a_healthy_managers_labels_name_its_epoch_and_claim() {
        let info = info(
            r#"{"NodeID":"n","LocalNodeState":"active","ControlAvailable":true,"Error":"",
                "Cluster":{"ID":"s","Spec":{"Labels":{"swarmlet.epoch":"3","swarmlet.claim":"c"}}}}"#,
        );
        let EngineState::Active(member) = state(&info, None, true) else {
            panic!()
        };
        let origin = Origin {
            epoch: Epoch::new(3).unwrap(),
            nonce: "c".into(),
        };
        assert_eq!(
            member.control,
            Control::Manager {
                leader: true,
                origin: Some(origin)
            }
        );
    }

    #[test]
    fn the_local_states_keep_their_names() {
        let of = |word: &str| {
            state(
                &info(&format!(r#"{{"LocalNodeState":"{word}","Error":"e"}}"#)),
                None,
                false,
            )
        };
        assert_eq!(of("inactive"), EngineState::Inactive);
        assert_eq!(of("locked"), EngineState::Locked);
        assert_eq!(of("error"), EngineState::Error("e".into()));
        assert!(matches!(
            of("pending"),
            EngineState::Pending { node_id: None, .. }
        ));
    }
}
