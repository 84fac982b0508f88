//! What passes, and what does not.

use axum::body::Body;

use super::*;

fn check(gate: &Gate, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Refusal> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    gate.check(&request.body(Body::empty()).unwrap()).err()
}

#[test]
fn names_that_others_could_point_here_are_refused() {
    let gate = Gate {
        hosts: vec!["swarm.example.internal".into()],
        credentials: None,
    };
    for known in [
        "localhost",
        "LOCALHOST:8377",
        "127.0.0.1:9",
        "10.98.0.5:8377",
        "[::1]:8377",
        "[::1]",
        "::1",
        "swarm.example.internal",
        "Swarm.Example.Internal:80",
    ] {
        assert_eq!(
            check(&gate, "GET", "/", &[("host", known)]),
            None,
            "{known}"
        );
    }
    for unknown in [
        "evil.example",
        "localhost.evil.example:8377",
        "127.0.0.1.evil.example",
        "",
        "localhost:x",
    ] {
        let refused = check(&gate, "GET", "/", &[("host", unknown)]);
        assert_eq!(refused, Some(Refusal::Name), "{unknown}");
    }
    assert_eq!(check(&gate, "GET", "/", &[]), Some(Refusal::Name));
}

#[test]
fn only_reading_is_possible() {
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ] {
        let refused = check(&Gate::default(), method, "/", &[("host", "localhost")]);
        assert_eq!(refused, Some(Refusal::Method), "{method}");
    }
    assert_eq!(
        check(&Gate::default(), "HEAD", "/", &[("host", "localhost")]),
        None
    );
}

#[test]
fn other_sites_may_link_here_and_not_look() {
    let look = [("host", "localhost"), ("sec-fetch-site", "cross-site")];
    let refused = check(&Gate::default(), "GET", "/events", &look);
    assert_eq!(refused, Some(Refusal::Site));
    let link = [
        &look[..],
        &[
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ],
    ]
    .concat();
    assert_eq!(check(&Gate::default(), "GET", "/", &link), None);
    let own = [("host", "localhost"), ("sec-fetch-site", "same-origin")];
    assert_eq!(check(&Gate::default(), "GET", "/events", &own), None);
}

#[test]
fn credentials_are_asked_for_everywhere_but_for_health() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    host::file::replace(&path, b"0123456789abcdef", 0o600).unwrap();
    let gate = Gate {
        hosts: Vec::new(),
        credentials: Some(Credentials::read(&path).unwrap()),
    };
    let host = ("host", "localhost");
    let with = |given: &'static str| [host, ("authorization", given)];
    for path in ["/", "/events", "/api/view", "/healthz/x", "/app.js"] {
        assert_eq!(
            check(&gate, "GET", path, &[host]),
            Some(Refusal::NoCredentials),
            "{path}"
        );
        let refused = check(&gate, "GET", path, &with("Bearer 0123456789abcdex"));
        assert_eq!(refused, Some(Refusal::WrongCredentials), "{path}");
        assert_eq!(
            check(&gate, "GET", path, &with("Bearer 0123456789abcdef")),
            None,
            "{path}"
        );
    }
    assert_eq!(check(&gate, "GET", "/healthz", &[host]), None);
}
