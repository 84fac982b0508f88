//! The engine's lists, as it answers them.

use serde_json::json;

use super::*;

#[test]
fn a_task_has_its_image_and_its_error_and_nothing_of_its_environment() {
    let answer = json!({
        "ID": "t1", "ServiceID": "s1", "Slot": 2, "NodeID": "n1", "DesiredState": "shutdown",
        "Spec": {"ContainerSpec": {"Image": "nginx:1@sha256:abc", "Env": ["PASSWORD=hunter2"], "Args": ["hunter2"]}},
        "Status": {"Timestamp": "2026-01-02T03:04:05.678Z", "State": "failed",
                   "Message": "started", "Err": "task: non-zero\nexit (1)"},
    });
    let listed = task(serde_json::from_value(answer).unwrap()).unwrap();
    let expected = ListedTask {
        id: "t1".into(),
        service: "s1".into(),
        slot: Some(2),
        node: Some("n1".into()),
        state: "failed".into(),
        desired: "shutdown".into(),
        since: Some(1_767_323_045),
        error: Some("task: non-zero exit (1)".into()),
        image: Some("nginx:1".into()),
    };
    assert_eq!(listed, expected);
    assert!(!format!("{listed:?}").contains("hunter2"));
}

#[test]
fn a_service_tells_its_mode_and_how_many_tasks_it_wants() {
    let answer = |mode: serde_json::Value| {
        json!({
            "ID": "s1",
            "Spec": {"Name": "web_front", "Mode": mode, "Labels": {"com.docker.stack.namespace": "web"},
                     "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1"}}},
            "ServiceStatus": {"RunningTasks": 2, "DesiredTasks": 3},
        })
    };
    for (given, expected) in [
        (json!({"Replicated": {"Replicas": 3}}), "replicated"),
        (json!({"Global": {}}), "global"),
        (
            json!({"ReplicatedJob": {"MaxConcurrent": 1}}),
            "replicated-job",
        ),
        (json!({"GlobalJob": {}}), "global-job"),
    ] {
        let listed = service(serde_json::from_value(answer(given)).unwrap()).unwrap();
        assert_eq!(listed.mode, expected);
        assert_eq!(listed.wanted, Some(3));
        assert_eq!(listed.image.as_deref(), Some("nginx:1"));
    }
}

#[test]
fn a_node_has_a_name_a_state_and_the_time_of_its_last_change() {
    let answer = json!({
        "ID": "n1", "UpdatedAt": "2026-01-02T03:04:05Z",
        "Spec": {"Role": "worker", "Availability": "active"},
        "Description": {"Hostname": "one", "Engine": {"EngineVersion": "26.1.5"}},
        "Status": {"State": "down", "Addr": "10.0.0.1"},
    });
    let listed = node(serde_json::from_value(answer).unwrap()).unwrap();
    assert_eq!(
        (listed.hostname.as_str(), listed.state.as_str()),
        ("one", "down")
    );
    assert_eq!(listed.updated, Some(1_767_323_045));
    assert_eq!(listed.engine.as_deref(), Some("26.1.5"));
    assert!(listed.entry.down);
    let bare = node(
        serde_json::from_value(json!({"ID": "n2", "UpdatedAt": "0001-01-01T00:00:00Z"})).unwrap(),
    );
    let bare = bare.unwrap();
    assert_eq!((bare.state.as_str(), bare.updated), ("unknown", None));
}
