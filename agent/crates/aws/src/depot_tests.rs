//! Addresses, answers, sizes, regions, and what is quoted nowhere.

use std::sync::{Arc, Mutex};

use aws_smithy_http_client::tls::TrustStore;
use secrecy::ExposeSecret as _;
use tracing_subscriber::fmt::MakeWriter;

use super::super::answering::{Asked, answer, aws, serve};
use super::*;
use crate::{Endpoints, Proxies};

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

async fn depot(answers: Vec<String>) -> (AwsDepot, Asked) {
    let (address, asked) = serve(answers).await;
    let aws = aws(
        Endpoints::all(&address),
        Proxies::default(),
        TrustStore::empty(),
    );
    (AwsDepot::new(&aws, Some("123456789012")), asked)
}

async fn fetch(answers: Vec<String>) -> Result<Fetched, CloudError> {
    let address: Address = "s3://b/a/k 1.yml".parse().unwrap();
    depot(answers).await.0.object(&address, Some("\"0\"")).await
}

#[test]
fn addresses_name_a_bucket_and_a_key() {
    let address: Address = "s3://stacks.example/a/b c.yml".parse().unwrap();
    assert_eq!(address.to_string(), "s3://stacks.example/a/b c.yml");
    for bad in ["s3://b", "s3://b/", "s3:///k", "http://b/k", "s3://B@x/k"] {
        assert_eq!(bad.parse::<Address>(), Err(()), "{bad}");
    }
}

#[tokio::test]
async fn an_object_is_new_the_same_or_missing() {
    let new = Fetched::New {
        text: "x".into(),
        mark: "\"1\"".into(),
    };
    let missing = "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>";
    for (answer, expected) in [
        (answer("200 OK", "ETag: \"1\"\r\n", "x"), new),
        (
            "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned(),
            Fetched::Same,
        ),
        (answer("404 Not Found", "", missing), Fetched::Missing),
    ] {
        assert_eq!(fetch(vec![answer]).await, Ok(expected));
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_s3s_own_words() {
    let kms = DENIED.replace(
        "Access Denied",
        "User: arn:aws:sts::1:assumed-role/m/i-1 is not authorized to perform: kms:Decrypt on resource: \
         arn:aws:kms:r:1:key/k because no identity-based policy allows the kms:Decrypt action",
    );
    let error = |code: &str| format!("<Error><Code>{code}</Code><Message>why</Message></Error>");
    for (answer, part) in [
        (
            answer("403 x", "", DENIED),
            "s3:GetObject on s3://b/a/k 1.yml is denied, or not there (Access Denied): look at the key first",
        ),
        (
            answer("403 x", "", &kms),
            "kms:Decrypt on arn:aws:kms:r:1:key/k is denied",
        ),
        (
            answer("404 x", "", &error("NoSuchBucket")),
            "s3://b/a/k 1.yml: NoSuchBucket: why",
        ),
        (
            answer("400 x", "", &error("KMS.DisabledException")),
            "KMS.DisabledException: why",
        ),
        (answer("503 x", "", &error("SlowDown")), "throttled"),
    ] {
        let text = fetch(vec![answer]).await.unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_bucket_elsewhere_is_asked_there_and_its_region_told() {
    let moved = "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>";
    let moved = answer("301 x", "x-amz-bucket-region: eu-west-1\r\n", moved);
    let (depot, asked) = depot(vec![moved.clone(), answer("200 OK", "", "x")]).await;
    let address: Address = "s3://b/k".parse().unwrap();
    let found = depot.object(&address, None).await;
    assert!(matches!(found, Ok(Fetched::New { .. })), "{found:?}");
    let asked = asked.lock().unwrap().join("\n").to_lowercase();
    for part in [
        "/us-east-1/s3/",
        "/eu-west-1/s3/",
        "x-amz-expected-bucket-owner: 123456789012",
    ] {
        assert!(asked.contains(part), "{asked}");
    }
    let error = fetch(vec![moved.clone(), moved])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the bucket is in eu-west-1: PermanentRedirect"),
        "{error}"
    );
}

/// With a length, without one, and with one that is not true.
#[tokio::test]
async fn no_more_is_read_than_a_stack_may_have() {
    let large = "x".repeat(LARGEST + 1);
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    let endless = format!("{head}\r\n{}", "x".repeat(64 * LARGEST));
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n",
        large.len()
    );
    for body in [answer("200 OK", "", &large), endless, chunked] {
        let error = fetch(vec![body]).await.unwrap_err().to_string();
        assert!(error.contains("it is larger than 256 KiB"), "{error}");
    }
    let most = "x".repeat(LARGEST);
    let found = fetch(vec![format!("{head}\r\n{most}")]).await;
    assert!(matches!(found, Ok(Fetched::New { text, .. }) if text == most));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Nor in a log of everything that the SDK says.
#[tokio::test]
async fn a_password_of_ecr_has_its_end_and_is_quoted_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    tracing::trace!("begun");
    let body = r#"{"authorizationData":[{"authorizationToken":"QVdTOng=","expiresAt":1.8E9,"proxyEndpoint":"https://x"}]}"#;
    let denied = r#"{"__type":"com.amazon#AccessDeniedException","Message":"m"}"#;
    let answers = [
        answer("200 OK", "", body),
        answer("200 OK", "", r#"{"authorizationData":["QVdT"]}"#),
        answer(
            "200 OK",
            "",
            r#"{"authorizationData":[{"authorizationToken":"QVdT"#,
        ),
        answer("200 OK", "", r#"{"authorizationData":[]}"#),
        answer("400 Bad Request", "", denied),
    ];
    let (depot, _) = depot(answers.to_vec()).await;
    let login = depot.role_login("us-east-1").await.unwrap();
    assert_eq!(login.encoded.expose_secret(), "QVdTOng=");
    assert_eq!(login.expires, 1_800_000_000);
    assert!(!format!("{login:?}").contains("QVdT"));
    for _ in 0..3 {
        let error = depot.role_login("us-east-1").await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("QVdT"), "{error}");
    }
    let error = depot.role_login("us-east-1").await.unwrap_err();
    assert!(matches!(error, CloudError::Denied { .. }), "{error}");
    let said = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(said.contains("begun"), "{said}");
    assert!(!said.contains("QVdT"), "{said}");
}
