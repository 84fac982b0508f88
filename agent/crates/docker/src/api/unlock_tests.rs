//! The unlock calls against a scripted socket.

use std::path::PathBuf;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::*;

const KEY: &str = "SWMKEY-1-secret";

/// An engine that gives one answer and returns what it was asked.
fn engine(status: &str, body: &str) -> (TempDir, PathBuf, JoinHandle<String>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = String::new();
        while !asked.contains("\r\n\r\n") || asked.starts_with("POST") && !asked.ends_with('}') {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            asked.push_str(str::from_utf8(&part[..length]).unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        asked
    });
    (folder, socket, task)
}

#[tokio::test]
async fn the_key_is_read_if_managers_lock() {
    for (body, expected) in [
        (format!(r#"{{"UnlockKey":"{KEY}"}}"#), Some(KEY)),
        (r#"{"UnlockKey":""}"#.to_owned(), None),
    ] {
        let (_folder, socket, task) = engine("200 OK", &body);
        let found = key(&socket).await.unwrap();
        let found = found.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(found, expected);
        let asked = task.await.unwrap();
        assert!(
            asked.starts_with("GET /swarm/unlockkey HTTP/1.1\r\n"),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn the_key_is_handed_over_in_the_body() {
    let (_folder, socket, task) = engine("200 OK", "");
    unlock(&socket, &KEY.into()).await.unwrap();
    let asked = task.await.unwrap();
    assert!(
        asked.starts_with("POST /swarm/unlock HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(
        asked.ends_with(r#"{"UnlockKey":"SWMKEY-1-secret"}"#),
        "{asked}"
    );
}

#[tokio::test]
async fn a_refusal_is_docker_s_own_words() {
    let told = r#"{"message":"swarm could not be unlocked: invalid key provided\n"}"#;
    let (_folder, socket, _task) = engine("401 Unauthorized", told);
    let error = unlock(&socket, &KEY.into()).await.unwrap_err();
    let expected = EngineError::Refused {
        code: 401,
        message: "swarm could not be unlocked: invalid key provided".into(),
    };
    assert_eq!(error, expected);
}

#[tokio::test]
async fn no_error_quotes_an_answer_or_the_key() {
    for body in [
        r#""SWMKEY-1-secret""#,
        r#"{"UnlockKey":["SWMKEY-1-secret"]}"#,
        "SWMKEY-1-secret",
    ] {
        let (_folder, socket, _task) = engine("200 OK", body);
        let error = key(&socket).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
    let nowhere = PathBuf::from("/nonexistent/docker.sock");
    let error = unlock(&nowhere, &KEY.into()).await.unwrap_err();
    assert!(matches!(&error, EngineError::Down(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}
