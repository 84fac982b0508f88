//! The text, held to the rules of `OpenMetrics` and of Prometheus's naming (what `promtool check
//! metrics` looks at), and to the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;
use protocol::{Action, Reason};

fn one_call() -> AwsCalls {
    let (service, operation) = ("ssm".to_owned(), "GetParameter".to_owned());
    AwsCalls {
        sent: vec![(service.clone(), operation.clone(), 1)],
        failed: vec![(service, operation, "throttled", 1)],
        clock_offset: Some(10.0),
    }
}

/// One with every number in it.
fn full() -> Metrics {
    let metrics = Metrics::new(one_call);
    metrics.identified("i-1", "demo", Role::Manager);
    let decision = Decision {
        action: Action::Serve(Duration::ZERO),
        reason: Reason::AskingManagers,
    };
    metrics.decided(1_800_000_000, &decision, true);
    metrics.saw(&EngineState::Inactive, Some(3), true);
    metrics.failed("join");
    metrics
        .chores()
        .get_or_create(&ChoreLabel { chore: "ticket" })
        .inc();
    metrics.departs(Cause::ScaleIn);
    metrics.ticket(Some((1_800_000_000, 1_800_000_030)));
    metrics.nodes(&[]);
    metrics.disk(853);
    metrics.removed("image");
    metrics
}

/// Families by name: type, unit, help, and their samples.
#[derive(Debug, Default)]
struct Parsed {
    kind: String,
    unit: String,
    help: String,
    samples: Vec<String>,
}

fn parse(text: &str) -> BTreeMap<String, Parsed> {
    let mut families: BTreeMap<String, Parsed> = BTreeMap::new();
    let mut current = String::new();
    assert!(text.ends_with("# EOF\n"), "it has no end");
    for line in text.lines().take_while(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name) = (words.next().unwrap(), words.next().unwrap().to_owned());
            let value = words.next().unwrap_or_default().to_owned();
            let family = families.entry(name.clone()).or_default();
            assert!(family.samples.is_empty(), "{name} is told in two places");
            match what {
                "TYPE" => family.kind = value,
                "UNIT" => family.unit = value,
                "HELP" => family.help = value,
                other => panic!("{other} is no descriptor"),
            }
            current = name;
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            assert!(
                name.starts_with(&current),
                "{line} is not below its family {current}"
            );
            families
                .get_mut(&current)
                .unwrap()
                .samples
                .push(line.to_owned());
        }
    }
    families
}

#[test]
fn the_text_is_what_prometheus_expects() {
    let families = parse(&full().text());
    assert!(families.len() > 15, "{families:?}");
    for (name, family) in &families {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(
            name.starts_with("swarmlet_") && name.chars().all(plain),
            "{name}"
        );
        assert!(
            family.help.ends_with('.') && family.help.len() > 10,
            "{name}: {:?}",
            family.help
        );
        assert!(!name.ends_with("_total") && !name.contains("__"), "{name}");
        if !family.unit.is_empty() {
            assert!(
                name.ends_with(&format!("_{}", family.unit)),
                "{name}: {}",
                family.unit
            );
        }
        let is_time = name.contains("timestamp") || name.contains("offset");
        assert_eq!(family.unit == "seconds", is_time, "{name}");
        for sample in &family.samples {
            let (key, value) = sample.rsplit_once(' ').unwrap();
            value
                .parse::<f64>()
                .unwrap_or_else(|_| panic!("{sample} has no number"));
            let suffix = key
                .split('{')
                .next()
                .unwrap()
                .strip_prefix(name.as_str())
                .unwrap();
            let expected = match family.kind.as_str() {
                "counter" => "_total",
                "info" => "_info",
                "gauge" => "",
                other => panic!("{name} is a {other}"),
            };
            assert_eq!(suffix, expected, "{sample}");
        }
        let once: BTreeSet<_> = family
            .samples
            .iter()
            .map(|s| s.rsplit_once(' ').unwrap().0)
            .collect();
        assert_eq!(
            once.len(),
            family.samples.len(),
            "{name} tells something twice"
        );
    }
}

#[test]
fn every_number_is_documented_with_its_type() {
    let documented = include_str!("../../../../../docs/metrics.md");
    for (name, family) in parse(&full().text()) {
        let shown = match family.kind.as_str() {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name,
        };
        let row = format!("| `{shown}` | {} |", family.kind);
        assert!(
            documented.contains(&row),
            "docs/metrics.md has no row that begins {row:?}"
        );
    }
}

#[test]
fn what_is_not_known_has_no_line() {
    let metrics = full();
    let has = |name: &str| {
        metrics
            .text()
            .lines()
            .any(|line| line.starts_with(&format!("{name} ")))
    };
    assert!(has("swarmlet_ticket_issued_timestamp_seconds"));
    assert!(has("swarmlet_nodes_departing") && has("swarmlet_nodes_refused"));
    metrics.follows();
    assert!(!has("swarmlet_ticket_issued_timestamp_seconds"));
    assert!(!has("swarmlet_nodes_departing") && !has("swarmlet_nodes_refused"));
    assert!(has("swarmlet_epoch"));
    metrics.saw(&EngineState::Down, None, false);
    assert!(!has("swarmlet_epoch"));
}

#[test]
fn one_engine_state_is_the_one() {
    let metrics = Metrics::default();
    metrics.saw(&EngineState::Locked, None, false);
    metrics.saw(&EngineState::Down, None, false);
    let text = metrics.text();
    assert!(
        text.contains("swarmlet_engine_state{state=\"down\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("swarmlet_engine_state{state=\"locked\"} 0\n"),
        "{text}"
    );
}

async fn fetch(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

use std::path::Path;

#[tokio::test]
async fn the_socket_is_roots_and_survives_an_agent_that_was_killed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let (_server, errors) = Server::start(&Metrics::default(), folder.path(), None).await;
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let answer = fetch(&path).await;
    assert!(
        answer.contains("content-type: application/openmetrics-text"),
        "{answer}"
    );
    assert!(answer.ends_with("# EOF\n"), "{answer}");
    let (_second, errors) = Server::start(&Metrics::default(), folder.path(), None).await;
    assert!(matches!(errors[..], [ServeError::Taken(_)]), "{errors:?}");
}
