//! What is said when a part is down, and the documented form of the output.

use std::os::unix::net::UnixListener;

use serde_json::Value;

use super::*;
use protocol::Identity;

fn fresh(serving: bool) -> Status {
    Status {
        at: status::now(),
        serving,
        ..Status::blank()
    }
}

fn unread() -> Result<Status, StatusError> {
    Err(StatusError::Unread {
        path: "status.json".into(),
        cause: std::io::ErrorKind::NotFound.into(),
    })
}

#[test]
fn an_agent_that_does_not_run_says_why_if_it_could() {
    let folder = tempfile::tempdir().unwrap();
    let silent = agent(folder.path(), &Ok(fresh(true)));
    assert!(!silent.running);
    assert!(silent.problem.unwrap().contains("does not run"));
    Failure::leave(folder.path(), "cannot tell this node's role".into(), true).unwrap();
    let failed = agent(folder.path(), &unread());
    assert_eq!(
        failed.problem.as_deref(),
        Some("cannot tell this node's role")
    );
    assert!(failed.failure.unwrap().terminal);
}

#[test]
fn what_is_waited_for_is_said_before_the_node_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let prepare = Note::leave(folder.path(), note::PREPARE, "waiting for tags").unwrap();
    let waits = agent(folder.path(), &unread());
    let expected = "swarmlet-prepare is waiting for tags";
    assert_eq!(waits.problem.as_deref(), Some(expected));
    drop(prepare);
    let _agent = Note::leave(folder.path(), note::AGENT, "waiting for tags").unwrap();
    let down = agent(folder.path(), &unread()).problem.unwrap();
    assert!(
        down.contains("does not run"),
        "a note of another life: {down}"
    );
    let _listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    let waits = agent(folder.path(), &Ok(fresh(true)));
    assert_eq!(waits.problem.as_deref(), Some("waiting for tags"));
}

#[test]
fn an_agent_that_runs_has_said_something_lately() {
    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    assert_eq!(agent(folder.path(), &Ok(fresh(true))).problem, None);
    let old = Status {
        at: status::now() - 600,
        ..fresh(true)
    };
    for (said, part) in [(Ok(old), "for 600 s"), (unread(), "decided nothing yet")] {
        let view = agent(folder.path(), &said);
        assert!(view.running);
        assert!(view.problem.unwrap().contains(part), "{part}");
    }
}

#[test]
fn an_engine_is_up_or_says_what_is_wrong() {
    let down = engine(&Err(EngineError::Slow(Duration::from_secs(1))), None);
    assert!(!down.answers);
    assert!(down.problem.unwrap().contains("no answer in 1 s"));
    let newer = engine(
        &Err(EngineError::Unspoken(
            "client version 1.53 is too old.".into(),
        )),
        None,
    );
    assert_eq!(
        newer.problem.unwrap(),
        "cannot speak to the Docker Engine: client version 1.53 is too old.; install a newer swarmlet"
    );
    let member = |control| {
        Ok(EngineState::Active(Member {
            identity: Identity::default(),
            control,
        }))
    };
    let leader = engine(
        &member(Control::Manager {
            leader: true,
            origin: None,
        }),
        None,
    );
    assert_eq!(
        (leader.state.as_deref(), leader.leader),
        (Some("manager"), true)
    );
    let headless = engine(&member(Control::NoLeader("no quorum".into())), None);
    assert_eq!(headless.state.as_deref(), Some("no-leader"));
    assert_eq!(headless.problem.as_deref(), Some("no quorum"));
}

#[test]
fn all_is_well_only_when_every_part_is() {
    let running = AgentView {
        running: true,
        ..AgentView::default()
    };
    let stuck = AgentView {
        problem: Some("hangs".into()),
        ..running.clone()
    };
    let up = EngineView {
        answers: true,
        ..EngineView::default()
    };
    for (said, agent, engine, healthy) in [
        (Some(fresh(true)), running.clone(), up.clone(), true),
        (Some(fresh(false)), running.clone(), up.clone(), false),
        (None, running.clone(), up.clone(), false),
        (Some(fresh(true)), stuck, up.clone(), false),
        (Some(fresh(true)), AgentView::default(), up, false),
        (Some(fresh(true)), running, EngineView::default(), false),
    ] {
        let made = report(said, agent, engine, None, Err(Unseen::NotManager));
        assert_eq!(made.healthy, healthy, "{made:?}");
        assert_eq!(made.swarm_unseen, None, "a worker misses nothing");
    }
}

/// `docs/status.schema.json` is made from the types: `UPDATE_SCHEMA=1 cargo test schema` writes it.
#[test]
fn the_schema_in_the_documentation_is_that_of_the_output() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../docs/status.schema.json"
    );
    let schema = schemars::schema_for!(Report);
    let made = format!("{:#}\n", serde_json::json!(schema));
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == made,
        "docs/status.schema.json is old: UPDATE_SCHEMA=1 cargo test schema"
    );
}

/// The schema is derived beside the serializer: the same fields, at the same places.
#[test]
fn the_output_has_the_fields_of_the_schema() {
    let schema = serde_json::json!(schemars::schema_for!(Report));
    let view = SwarmView::default();
    let made = report(
        Some(fresh(true)),
        AgentView::default(),
        EngineView::default(),
        Some(Readiness::Draining),
        Ok(view),
    );
    let output = serde_json::json!(made);
    let fields =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let mut known = fields(&schema["properties"]);
    // What is flattened from an optional part is listed beside.
    for part in schema["anyOf"].as_array().into_iter().flatten() {
        if let Some(name) = part["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
            known.extend(fields(&schema["$defs"][name]["properties"]));
        }
    }
    for field in fields(&output) {
        assert!(
            known.contains(&field),
            "{field} is not in the schema: {known:?}"
        );
    }
    for field in [
        "at", "reason", "serving", "agent", "engine", "ready", "swarm", "healthy",
    ] {
        assert!(output.get(field).is_some(), "{field} is missing");
    }
}
