//! An engine behind a socket that says what a test tells it to.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::Docker;

/// An engine that gives everybody the answer to the word in the path, and remembers what it was asked.
pub(super) struct Fake {
    pub(super) docker: Docker,
    asked: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Fake {
    /// The requests so far: first line and body.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// By a part of the request's first line: status and body.
pub(super) type Answers = &'static [(&'static str, u16, &'static str)];

pub(super) fn engine(answers: Answers) -> Fake {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answers, told.clone()));
        }
    });
    Fake {
        docker: Docker::new(&socket, Path::new("/nowhere")),
        asked,
        _folder: folder,
    }
}

async fn serve(mut stream: UnixStream, answers: Answers, told: Arc<Mutex<Vec<String>>>) {
    let mut request = vec![0; 8192];
    let length = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let line = request.lines().next().unwrap_or_default();
    let (status, body) = answers
        .iter()
        .find(|(word, ..)| line.contains(word))
        .map_or((200, "OK"), |(_, status, body)| (*status, *body));
    let body_of = request.split("\r\n\r\n").nth(1).unwrap_or_default();
    if !line.contains("_ping") {
        told.lock().unwrap().push(format!("{line} {body_of}"));
    }
    let answer = format!(
        "HTTP/1.1 {status} S\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}
