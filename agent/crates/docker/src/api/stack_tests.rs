//! The calls about stacks against a scripted socket.

use super::*;
use crate::api::scripted::engine;

/// What a look costs the engine, as `docs/stacks.md` has it.
#[tokio::test]
async fn a_look_is_five_calls_however_many_stacks_there_are() {
    let fake = engine(&[
        ("/swarm", 200, "{}"),
        ("/services", 200, "null"),
        ("/networks", 200, "[]"),
        ("/secrets", 200, "[]"),
        ("/configs", 200, "[]"),
    ]);
    fake.docker.stacks().await.unwrap();
    let asked = fake.asked();
    let paths = asked.iter().filter_map(|line| line.split(' ').nth(1));
    let mut words: Vec<_> = paths.filter_map(|path| path.rsplit('/').next()).collect();
    words.sort_unstable();
    assert_eq!(
        words,
        ["configs", "networks", "secrets", "services", "swarm"]
    );
}

/// Nothing is made of what is asked for: every engine refuses it, by one of two rules.
#[tokio::test]
async fn a_drivers_scope_is_told_by_what_its_engine_refuses() {
    for (status, message, expected) in [
        (
            403,
            r#"{"message":"cannot downgrade network scope for overlay networks"}"#,
            Some(false),
        ),
        (
            403,
            r#"{"message":"Ingress network can only be global scope network"}"#,
            Some(true),
        ),
        (404, r#"{"message":"plugin \"x\" not found"}"#, None),
        (201, r#"{"Id":"1","Warning":""}"#, None),
    ] {
        let answers = vec![
            ("networks/create", status, message),
            ("networks/swarmlet-none", 204, ""),
        ];
        let fake = engine(answers.leak());
        let told = fake.docker.is_of_one_machine("acme/net:1").await.unwrap();
        assert_eq!(told, expected, "{message}");
        let asked = fake.asked();
        for part in [
            r#""Driver":"acme/net:1""#,
            r#""Ingress":true"#,
            r#""Scope":"local""#,
        ] {
            assert!(asked[0].contains(part), "{asked:?}");
        }
        let taken_back = asked.iter().any(|line| line.starts_with("DELETE"));
        assert_eq!(taken_back, status == 201, "{asked:?}");
    }
}

#[tokio::test]
async fn containers_of_a_network_are_those_that_do_not_run_too() {
    for (body, expected) in [("[]", false), (r#"[{"Id": "c"}]"#, true)] {
        let answers = vec![("containers/json", 200, body)];
        let network = LocalNetwork {
            id: "abc".into(),
            name: "app_x".into(),
            stack: "app".into(),
        };
        let fake = engine(answers.leak());
        assert_eq!(
            fake.docker.has_containers(&network).await.unwrap(),
            expected
        );
        let asked = fake.asked();
        let both = r#"["abc","app_x"]"#.bytes();
        let both: Vec<_> = both.map(|byte| format!("%{byte:02X}")).collect();
        assert!(
            asked[0].contains("all=true") && asked[0].contains(&both.concat()),
            "{asked:?}"
        );
    }
}

#[test]
fn notes_are_read_and_removed_and_the_others_stay() {
    let other = ("swarmlet.epoch".to_owned(), "1".to_owned());
    let mut spec = SwarmSpec {
        labels: Some([other].into()),
        ..SwarmSpec::default()
    };
    for value in ["deployed file 1", "what a newer agent wrote"] {
        spec = noted(spec, "web", Some(value.into()));
        let found = notes(&spec);
        assert_eq!(found.len(), 1);
        assert_eq!(found["web"], value.parse().ok());
    }
    let spec = noted(spec, "web", None);
    assert!(notes(&spec).is_empty());
    assert_eq!(spec.labels.unwrap().len(), 1);
}
