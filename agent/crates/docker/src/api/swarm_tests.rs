//! What an update of the swarm sends back.

use serde_json::{Value, json};

use super::*;

/// Settings as Docker 26 gives them, with some changed.
fn settings() -> Value {
    json!({
        "Name": "default",
        "Labels": {"team": "blue", "swarmlet.epoch": "1", "swarmlet.claim": "old"},
        "Orchestration": {"TaskHistoryRetentionLimit": 3},
        "Raft": {"SnapshotInterval": 10000, "KeepOldSnapshots": 0, "LogEntriesForSlowFollowers": 500,
                 "ElectionTick": 10, "HeartbeatTick": 1},
        "Dispatcher": {"HeartbeatPeriod": 5_000_000_000_i64},
        "CAConfig": {"NodeCertExpiry": 7_776_000_000_000_000_i64, "ForceRotate": 2},
        "TaskDefaults": {"LogDriver": {"Name": "local", "Options": {"a": "b"}}},
        "EncryptionConfig": {"AutoLockManagers": true}
    })
}

#[test]
fn marking_an_epoch_changes_two_labels_and_nothing_else() {
    let mut expected = settings();
    expected["Labels"]["swarmlet.epoch"] = json!("2");
    expected["Labels"]["swarmlet.claim"] = json!("new");
    let spec = serde_json::from_value(settings()).unwrap();
    let marked = marked(spec, Epoch::new(2).unwrap(), "new");
    assert_eq!(serde_json::to_value(marked).unwrap(), expected);
}

#[test]
fn a_swarm_without_labels_gets_the_two() {
    let marked = marked(SwarmSpec::default(), Epoch::FIRST, "new");
    let expected = json!({"Labels": {"swarmlet.epoch": "1", "swarmlet.claim": "new"}});
    assert_eq!(serde_json::to_value(marked).unwrap(), expected);
}
