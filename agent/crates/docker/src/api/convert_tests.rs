//! The engine's answers, as real engines gave them.

use super::*;
use protocol::Epoch;

fn info(json: &str) -> SwarmInfo {
    serde_json::from_str(json).unwrap()
}

fn papers() -> Papers {
    Papers {
        subject: Some(Subject {
            swarm_id: "s".into(),
            node_id: "n".into(),
        }),
        ca_digest: Some("d".into()),
        locks: true,
    }
}

fn member(state: EngineState) -> Member {
    match state {
        EngineState::Active(member) => member,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_worker_knows_its_swarm_by_its_certificate_only() {
    let info = info(
        r#"{"NodeID":"n","LocalNodeState":"active","ControlAvailable":false,"Error":"",
            "RemoteManagers":[{"NodeID":"m","Addr":"10.0.0.1:2377"}]}"#,
    );
    let expected = Member {
        identity: Identity {
            locks: true,
            node_id: Some("n".into()),
            swarm_id: Some("s".into()),
            ca_digest: Some("d".into()),
            managers: vec![([10, 0, 0, 1], 2377).into()],
        },
        control: Control::Worker,
    };
    assert_eq!(member(state(&info, papers(), false)), expected);
}

#[test]
fn the_known_managers_are_sorted_once_each_and_without_this_node() {
    let info = info(
        r#"{"NodeID":"n","LocalNodeState":"active","ControlAvailable":true,"Error":"e","RemoteManagers":[
            {"NodeID":"c","Addr":"10.0.0.3:2377"},{"NodeID":"n","Addr":"10.0.0.9:2377"},
            {"NodeID":"a","Addr":"10.0.0.1:2377"},{"NodeID":"b","Addr":"10.0.0.3:2377"},
            {"NodeID":"x","Addr":"nonsense"},{"NodeID":"y"}]}"#,
    );
    let identity = member(state(&info, papers(), false)).identity;
    let expected: [SocketAddr; 2] = [([10, 0, 0, 1], 2377).into(), ([10, 0, 0, 3], 2377).into()];
    assert_eq!(identity.managers, expected);
}

#[test]
fn a_pending_node_is_known_by_its_certificate_until_the_engine_tells() {
    let info = info(
        r#"{"NodeID":"","LocalNodeState":"pending","ControlAvailable":false,"Error":"",
            "RemoteManagers":[{"NodeID":"n","Addr":"10.0.0.9:2377"},{"NodeID":"m","Addr":"10.0.0.1:2377"}]}"#,
    );
    let expected = Identity {
        locks: true,
        node_id: Some("n".into()),
        swarm_id: Some("s".into()),
        ca_digest: Some("d".into()),
        managers: vec![([10, 0, 0, 1], 2377).into()],
    };
    assert_eq!(
        state(&info, papers(), false),
        EngineState::Pending(expected)
    );
}

#[test]
fn a_first_join_has_no_identity_but_the_manager_it_dials() {
    let info = info(
        r#"{"NodeID":"","NodeAddr":"10.0.0.9","LocalNodeState":"pending","ControlAvailable":false,"Error":"",
            "RemoteManagers":[{"NodeID":"","Addr":"10.0.0.1:2377"}]}"#,
    );
    let expected = Identity {
        locks: false,
        managers: vec![([10, 0, 0, 1], 2377).into()],
        ..Identity::default()
    };
    let state = state(&info, Papers::default(), false);
    assert_eq!(state, EngineState::Pending(expected));
}

#[test]
fn control_available_is_not_control() {
    for local in ["active", "pending"] {
        let info = info(&format!(
            r#"{{"NodeID":"n","LocalNodeState":"{local}","ControlAvailable":true,
                "Error":"rpc error: code = Unknown desc = The swarm does not have a leader.","Cluster":{{"ID":""}}}}"#,
        ));
        assert!(!controls(&info));
        let member = member(state(&info, papers(), false));
        assert!(matches!(member.control, Control::NoLeader(why) if why.contains("leader")));
        assert_eq!(member.identity.swarm_id.as_deref(), Some("s"));
    }
}

#[test]
fn a_healthy_managers_labels_name_its_epoch_and_claim() {
    let info = info(
        r#"{"NodeID":"n","LocalNodeState":"active","ControlAvailable":true,"Error":"",
            "Cluster":{"ID":"c","Spec":{"Labels":{"swarmlet.epoch":"3","swarmlet.claim":"c"}}}}"#,
    );
    let origin = Origin {
        epoch: Epoch::new(3).unwrap(),
        nonce: "c".into(),
    };
    let member = member(state(&info, papers(), true));
    let control = Control::Manager {
        leader: true,
        origin: Some(origin),
    };
    assert_eq!(member.control, control);
    assert_eq!(member.identity.swarm_id.as_deref(), Some("c"));
}

/// As `docker info` of 26.1.5 tells of a manager whose promotion failed once, and of a worker whose swarm part ended once:
/// both have been at work again since.
#[test]
fn an_engine_that_has_started_its_swarm_part_again_is_in_the_swarm() {
    let manager = info(
        r#"{"NodeID":"n","LocalNodeState":"error","ControlAvailable":true,"Error":"","Cluster":{"ID":"s"}}"#,
    );
    let control = member(state(&manager, papers(), false)).control;
    assert!(matches!(control, Control::Manager { leader: false, .. }));
    let headless = info(
        r#"{"NodeID":"n","LocalNodeState":"error","ControlAvailable":true,"Error":"The swarm does not have a leader."}"#,
    );
    let control = member(state(&headless, papers(), false)).control;
    assert!(matches!(control, Control::NoLeader(_)));
    let worker =
        info(r#"{"NodeID":"n","LocalNodeState":"error","ControlAvailable":false,"Error":""}"#);
    let control = member(state(&worker, papers(), false)).control;
    assert_eq!(control, Control::Worker);
}

/// Between two tries there is no node, and before it is ready again the reason stays.
#[test]
fn an_engine_that_tries_again_has_failed() {
    for (node, error) in [("", ""), ("", "why"), ("n", "why")] {
        let info = info(&format!(
            r#"{{"NodeID":"{node}","LocalNodeState":"error","ControlAvailable":false,"Error":"{error}"}}"#
        ));
        let failed = EngineState::Error(sentences::failure(error.into()));
        assert_eq!(state(&info, papers(), false), failed);
    }
}

#[test]
fn the_local_states_keep_their_names() {
    let of = |word: &str| {
        let json = format!(r#"{{"LocalNodeState":"{word}","Error":"e"}}"#);
        state(&info(&json), Papers::default(), false)
    };
    assert_eq!(of("inactive"), EngineState::Inactive);
    assert_eq!(of("locked"), EngineState::Locked);
    assert_eq!(
        of("error"),
        EngineState::Error(sentences::failure("e".into()))
    );
    assert!(matches!(of("pending"), EngineState::Pending(_)));
}

#[test]
fn an_unknown_node_is_neither_ready_nor_down() {
    for (word, ready, down) in [
        ("ready", true, false),
        ("down", false, true),
        ("unknown", false, false),
        ("disconnected", false, false),
    ] {
        let json =
            format!(r#"{{"ID":"n","Spec":{{"Role":"manager"}},"Status":{{"State":"{word}"}}}}"#);
        let entry = node(serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!((entry.ready, entry.down), (ready, down), "{word}");
        assert_eq!(entry.role, Role::Manager);
    }
}

#[test]
fn a_dead_manager_counts_as_long_as_raft_knows_it_or_will() {
    let status = r#","ManagerStatus":{"Reachability":"unreachable","Addr":"10.0.0.1:2377"}"#;
    for (role, promoted, state, status, counts) in [
        ("manager", "", "ready", status, true),
        ("manager", "", "down", status, true),
        ("manager", "", "ready", "", true),
        ("manager", "", "unknown", "", true),
        // Left behind when a cluster was forced, in this epoch or an earlier one.
        ("manager", "", "down", "", false),
        ("manager", "2", "down", "", false),
        ("manager", "x", "down", "", false),
        ("manager", "3", "down", "", true),
        ("worker", "3", "ready", "", false),
        ("worker", "3", "down", "", false),
        // Raft has yet to let it go.
        ("worker", "3", "ready", status, true),
        ("worker", "", "down", status, true),
    ] {
        let text = format!(
            r#"{{"ID":"n","Spec":{{"Role":"{role}","Labels":{{"swarmlet.promoted":"{promoted}"}}}},
                "Status":{{"State":"{state}"}}{status}}}"#
        );
        let node = super::node(serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(node.counts(Epoch::new(3)), counts, "{text}");
    }
}

#[test]
fn a_swarm_tells_whether_it_locks() {
    for (spec, expected) in [
        (r#"{"EncryptionConfig":{"AutoLockManagers":true}}"#, true),
        (r#"{"EncryptionConfig":{"AutoLockManagers":false}}"#, false),
        ("{}", false),
    ] {
        let json = format!(r#"{{"ID":"s","JoinTokens":{{"Worker":"t"}},"Spec":{spec}}}"#);
        let swarm = swarm(serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(swarm.autolock, expected);
    }
}

#[test]
fn an_object_without_a_version_is_not_updated() {
    assert!(version(None).is_err());
    assert_eq!(version(Some(ObjectVersion { index: Some(7) })), Ok(7));
}

#[test]
fn a_node_says_that_it_leaves_by_its_engine_or_its_entry() {
    let engine = r#""Description":{"Engine":{"Labels":{"swarmlet.departing":"1700000000"}}}"#;
    let entry =
        r#""Spec":{"Availability":"drain","Labels":{"swarmlet.departing":"0","tier":"front"}}"#;
    let damaged = r#""Description":{"Engine":{"Labels":{"swarmlet.departing":"soon"}}}"#;
    for (text, expected) in [
        (engine, Some(1_700_000_000)),
        (entry, Some(0)),
        (damaged, Some(0)),
        (r#""Spec":{}"#, None),
    ] {
        let found =
            node(serde_json::from_str(&format!(r#"{{"ID":"n",{text}}}"#)).unwrap()).unwrap();
        assert_eq!(found.departing(), expected, "{text}");
    }
    let found = node(serde_json::from_str(&format!(r#"{{"ID":"n",{entry}}}"#)).unwrap()).unwrap();
    assert_eq!(found.availability, Availability::Drain);
    assert_eq!(found.labels["tier"], "front");
}
