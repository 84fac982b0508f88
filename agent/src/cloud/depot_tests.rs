//! Addresses, answers, and what is quoted nowhere.

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        headers: vec![("etag".into(), "\"1\"".into())],
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn addresses_name_a_bucket_and_a_key() {
    let address: Address = "s3://stacks.example/a/b c.yml".parse().unwrap();
    assert_eq!(address.to_string(), "s3://stacks.example/a/b c.yml");
    assert_eq!(escaped(&address.key), "a/b%20c.yml");
    for bad in ["s3://b", "s3://b/", "s3:///k", "http://b/k", "s3://B@x/k"] {
        assert_eq!(bad.parse::<Address>(), Err(()), "{bad}");
    }
}

#[test]
fn an_object_is_new_the_same_missing_or_denied() {
    let address: Address = "s3://b/k".parse().unwrap();
    let fetch = |status, body| fetched(&address, answer(status, body));
    let new = Fetched::New {
        text: "x".into(),
        mark: "\"1\"".into(),
    };
    assert_eq!(fetch(200, "x"), Ok(new));
    assert_eq!(fetch(304, ""), Ok(Fetched::Same));
    assert_eq!(fetch(404, "<Code>NoSuchKey</Code>"), Ok(Fetched::Missing));
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let error = fetch(403, denied).unwrap_err();
    assert!(
        matches!(error, CloudError::Denied { action, resource, .. } if action == GET_OBJECT && resource == "s3://b/k")
    );
    let error = fetch(503, "<Code>SlowDown</Code>").unwrap_err();
    assert!(matches!(error, CloudError::Throttled { .. }));
}

#[test]
fn a_password_of_ecr_has_its_end_and_is_quoted_nowhere() {
    let body = r#"{"authorizationData":[{"authorizationToken":"QVdTOng=","expiresAt":1.8E9,"proxyEndpoint":"https://x"}]}"#;
    let login = role_login(&answer(200, body)).unwrap();
    assert_eq!(login.expires, 1_800_000_000);
    assert!(!format!("{login:?}").contains("QVdT"));
    let error = role_login(&answer(200, r#"{"authorizationData":["QVdT"]}"#)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("QVdT"));
    let denied = r#"{"__type":"com.amazon#AccessDeniedException","Message":"m"}"#;
    let error = role_login(&answer(400, denied)).unwrap_err();
    assert!(matches!(error, CloudError::Denied { .. }), "{error}");
}
