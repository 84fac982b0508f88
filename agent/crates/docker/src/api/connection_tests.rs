use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Mutex;

use super::*;

/// What an engine takes: its oldest and its newest version of the API.
type Range = (u32, u32);

/// An engine that refuses versions as Docker does (moby `api/server/middleware/version.go`).
struct Fake {
    takes: Arc<Mutex<Range>>,
    docker: Docker,
    _folder: TempDir,
}

impl Fake {
    fn start(takes: Range) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let takes = Arc::new(Mutex::new(takes));
        let told = takes.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let takes = *told.lock().await;
                tokio::spawn(serve(stream, takes));
            }
        });
        Self {
            takes,
            docker: Docker::new(&socket, Path::new("/nowhere")),
            _folder: folder,
        }
    }

    async fn asked(&self) -> Result<String, EngineError> {
        let info = |c: bollard::Docker| async move { c.info().await };
        let info = self.docker.call(READ_LIMIT, info).await?;
        Ok(info.server_version.unwrap_or_default())
    }
}

/// One request on each connection. It tells as its own version the one that it was asked in.
async fn serve(mut stream: UnixStream, (oldest, newest): Range) {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]);
    let version = request
        .split("/v1.")
        .nth(1)
        .and_then(|rest| rest.split('/').next()?.parse::<u32>().ok());
    let (status, body) = match version {
        Some(asked) if asked < oldest => (
            400,
            format!(
                r#"{{"message":"client version 1.{asked} is too old. Minimum supported API version is 1.{oldest}, please upgrade your client to a newer version"}}"#
            ),
        ),
        Some(asked) if asked > newest => (
            400,
            format!(
                r#"{{"message":"client version 1.{asked} is too new. Maximum supported API version is 1.{newest}"}}"#
            ),
        ),
        Some(asked) => (200, format!(r#"{{"ServerVersion":"asked in 1.{asked}"}}"#)),
        None => (200, "OK".to_owned()),
    };
    let answer = format!(
        "HTTP/1.1 {status} S\r\nApi-Version: 1.{newest}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// The minor number of the newest version that the agent knows.
fn own() -> u32 {
    let own = bollard::API_DEFAULT_VERSION.to_string();
    own.strip_prefix("1.").unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_newest_version_that_both_know_is_spoken() {
    for (engine, takes, spoken) in [
        ("20.10", (12, 41), 41),
        ("26.1", (24, 45), 45),
        ("28.5", (24, 51), 51),
        ("29.0", (44, 52), 52),
        ("a later one", (44, 99), own()),
        ("a later one that wants as new a client", (own(), 99), own()),
    ] {
        let said = Fake::start(takes).asked().await;
        assert_eq!(said, Ok(format!("asked in 1.{spoken}")), "{engine}");
    }
}

/// Whatever the engine was before: an upgrade from Debian 12's engine to 29, and one taken back.
#[tokio::test]
async fn an_engine_that_is_replaced_is_spoken_to_anew() {
    for (before, after, spoken) in [((12, 41), (44, 52), 52), ((44, 52), (12, 41), 41)] {
        let fake = Fake::start(before);
        fake.asked().await.unwrap();
        *fake.takes.lock().await = after;
        let refused = fake.asked().await.unwrap_err();
        assert!(matches!(refused, EngineError::Unspoken(_)), "{refused}");
        assert_eq!(fake.asked().await, Ok(format!("asked in 1.{spoken}")));
    }
}

#[tokio::test]
async fn an_engine_that_is_too_new_is_told_from_one_that_is_down() {
    let fake = Fake::start((own() + 1, 99));
    for _ in 0..2 {
        let error = fake.asked().await.unwrap_err().to_string();
        let (own, oldest) = (own(), own() + 1);
        assert_eq!(
            error,
            format!(
                "cannot speak to the Docker Engine: client version 1.{own} is too old. Minimum supported API version is \
                 1.{oldest}, please upgrade your client to a newer version; install a newer swarmlet"
            )
        );
    }
}

#[tokio::test]
async fn what_tells_no_version_is_no_engine() {
    for header in ["", "Api-Version: new\r\n"] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 2\r\n\r\nOK");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let docker = Docker::new(&socket, Path::new("/nowhere"));
        let error = docker.client().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot reach the Docker Engine: it does not tell its API version"
        );
    }
}
