use super::*;
use protocol::Epoch;
use protocol::node::launch::Launched;
use protocol::node::{Acts, Nonces};

fn membership(instance_id: &str) -> Membership {
    Membership {
        instance_id: instance_id.into(),
        node_id: "n".into(),
        swarm_id: "s".into(),
        epoch: Epoch::FIRST,
    }
}

fn nonces() -> Nonces {
    Nonces {
        epochs: [(1, "first".to_owned())].into(),
    }
}

#[test]
fn what_was_saved_is_recalled_and_a_clone_recalls_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = StateFolder::new(folder.path(), "i-1");
    let peer = Peer {
        node_id: "m".into(),
        instance_id: Some("i-3".into()),
        address: "10.0.0.3:2377".parse().unwrap(),
    };
    let all = Files {
        membership: Some(membership("i-1")),
        peers: vec![peer],
        nonces: nonces(),
        acts: Acts {
            at: Some(7),
            forced: Some(Epoch::FIRST),
        },
        departure: None,
        launch: Launched {
            joined: true,
            ..Launched::default()
        },
        ..Files::default()
    };
    for file in [
        File::Membership(all.membership.as_ref()),
        File::Peers(&all.peers),
        File::Nonces(&all.nonces),
        File::Acts(all.acts),
        File::Departure(None),
        File::Launch(&all.launch),
    ] {
        model.save(&file).unwrap();
    }
    assert_eq!(model.recall().unwrap(), all);
    let clone = StateFolder::new(folder.path(), "i-2");
    assert_eq!(clone.recall().unwrap(), Files::default());
}

/// The formats of files that agents have written before.
#[test]
fn the_files_of_an_older_agent_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "membership.json",
        r#"{"instance_id": "i-1", "node_id": "n", "swarm_id": "s", "epoch": 1}"#,
    );
    write(
        "nonces.json",
        r#"{"instance_id": "i-1", "value": {"epochs": {"1": "first"}}}"#,
    );
    write(
        "acts.json",
        r#"{"instance_id": "i-1", "value": {"at": 7, "forced": null}}"#,
    );
    let recalled = StateFolder::new(folder.path(), "i-1").recall().unwrap();
    assert_eq!(recalled.membership, Some(membership("i-1")));
    assert_eq!(recalled.nonces, nonces());
    assert_eq!((recalled.acts.at, recalled.acts.forced), (Some(7), None));
}

#[test]
fn consent_is_given_by_hand_and_taken_away_after_use() {
    let folder = tempfile::tempdir().unwrap();
    let memory = StateFolder::new(folder.path(), "i-1");
    assert!(!memory.has_consent());
    memory.consent().unwrap();
    assert!(memory.has_consent());
    assert!(!StateFolder::new(folder.path(), "i-2").has_consent());
    memory.withdraw_consent().unwrap();
    assert!(!memory.has_consent());
}

#[test]
fn forgetting_twice_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let memory = StateFolder::new(folder.path(), "i-1");
    let known = membership("i-1");
    memory.save(&File::Membership(Some(&known))).unwrap();
    memory.save(&File::Membership(None)).unwrap();
    memory.save(&File::Membership(None)).unwrap();
    assert_eq!(memory.membership().unwrap(), None);
}

#[test]
fn damage_is_a_clear_error_and_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("membership.json");
    std::fs::write(&path, "{").unwrap();
    let error = StateFolder::new(folder.path(), "i-1")
        .membership()
        .unwrap_err();
    assert!(error.to_string().starts_with("cannot read "), "{error}");
    assert!(path.exists());
}
