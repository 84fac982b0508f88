//! The dashboard as a client has it, over TCP.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::{Source, serve};
use crate::SwarmView;
use crate::serve::Gate;

/// A swarm whose only property is how often it changed.
#[derive(Clone, Default)]
struct Script {
    looks: Rc<Cell<u64>>,
    number: Rc<Cell<u64>>,
    broken: Rc<Cell<bool>>,
    changed: Rc<Notify>,
}

impl Script {
    fn change(&self) {
        self.number.set(self.number.get() + 1);
        self.changed.notify_one();
    }
}

impl Source for Script {
    async fn look(&self) -> Result<SwarmView, String> {
        self.looks.set(self.looks.get() + 1);
        if self.broken.get() {
            return Err("this node is a worker".into());
        }
        Ok(SwarmView {
            at: self.looks.get(),
            epoch: Some(self.number.get()),
            ..SwarmView::default()
        })
    }

    async fn happening(&self) {
        self.changed.notified().await;
    }
}

async fn with_server(test: impl AsyncFnOnce(u16, Script)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Script::default();
    let source = script.clone();
    let local = LocalSet::new();
    local.spawn_local(async move { serve(listener, Gate::default(), || source.clone()).await });
    local.run_until(test(port, script)).await;
}

async fn open(port: u16, line: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    BufReader::new(stream)
}

async fn ask(port: u16, line: &str) -> String {
    let mut text = String::new();
    open(port, line)
        .await
        .read_to_string(&mut text)
        .await
        .unwrap();
    text
}

/// The next line of a stream of events that starts so.
async fn line(stream: &mut BufReader<TcpStream>, start: &str) -> String {
    let search = async {
        loop {
            let mut line = String::new();
            assert_ne!(
                stream.read_line(&mut line).await.unwrap(),
                0,
                "the stream has ended"
            );
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
    };
    timeout(Duration::from_secs(20), search).await.expect(start)
}

#[tokio::test]
async fn files_of_the_page_are_served_with_a_strict_policy() {
    with_server(async |port, script| {
        for (path, kind) in [
            ("/", "text/html"),
            ("/app.js", "text/javascript"),
            ("/style.css", "text/css"),
            ("/icon.svg", "image/svg+xml"),
        ] {
            let answer = ask(port, &format!("GET {path}")).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(
                answer.contains(&format!("content-type: {kind}")),
                "{answer}"
            );
            assert!(
                answer.contains("content-security-policy: default-src 'none'; script-src 'self'"),
                "{answer}"
            );
            assert!(!answer.contains("unsafe-inline"), "{answer}");
        }
        assert!(ask(port, "GET /healthz").await.ends_with("ok\n"));
        assert!(
            ask(port, "GET /containers/json")
                .await
                .starts_with("HTTP/1.1 404")
        );
        assert!(
            ask(port, "POST /api/view")
                .await
                .starts_with("HTTP/1.1 405")
        );
        assert_eq!(
            script.looks.get(),
            0,
            "nobody looked, and yet it was gathered"
        );
    })
    .await;
}

/// All that the page loads is there, and it loads nothing from elsewhere.
#[test]
fn the_page_is_whole() {
    let named = |text: &str| -> Vec<String> {
        let parts = text.split('"').skip(1).step_by(2);
        let is_file = |part: &&str| {
            let ending = part.rsplit_once('.').map(|(_, ending)| ending);
            ending.is_some_and(|ending| ["js", "css", "svg"].contains(&ending))
        };
        let files = parts.filter(is_file);
        files
            .map(|part| part.trim_start_matches('.').to_owned())
            .collect()
    };
    for file in super::page::FILES {
        for path in named(file.content) {
            assert!(
                super::page::FILES.iter().any(|other| other.path == path),
                "{} loads {path}",
                file.path
            );
        }
        let addresses = file.content.matches("http").count();
        let allowed = file.content.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(addresses, allowed, "{} names an address", file.path);
        assert!(file.content.lines().count() <= 250, "{} is long", file.path);
    }
}

#[tokio::test]
async fn a_change_is_told_and_the_gatherer_rests_when_nobody_looks() {
    with_server(async |port, script| {
        let mut stream = open(port, "GET /events").await;
        assert_eq!(
            line(&mut stream, "content-type: ").await,
            "text/event-stream"
        );
        assert_eq!(line(&mut stream, "event: ").await, "view");
        assert!(line(&mut stream, "data: ").await.contains("\"epoch\":0"));
        script.change();
        assert!(line(&mut stream, "data: ").await.contains("\"epoch\":1"));
        drop(stream);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let looks = script.looks.get();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(script.looks.get(), looks, "it gathers for nobody");
        let answer = ask(port, "GET /api/view").await;
        assert!(
            answer.contains(&format!("{{\"at\":{},", looks + 1)),
            "{answer}"
        );
    })
    .await;
}

#[tokio::test]
async fn one_gatherer_serves_all_and_they_are_limited() {
    with_server(async |port, script| {
        let mut streams = Vec::new();
        for _ in 0..64 {
            let mut stream = open(port, "GET /events").await;
            line(&mut stream, "data: ").await;
            streams.push(stream);
        }
        let looks = script.looks.get();
        assert!(looks < 16, "{looks} looks for 64 viewers");
        for path in ["/events", "/api/view"] {
            let answer = ask(port, &format!("GET {path}")).await;
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        }
        script.change();
        for stream in &mut streams {
            assert!(line(stream, "data: ").await.contains("\"epoch\":1"));
        }
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_seen_is_said() {
    with_server(async |port, script| {
        script.broken.set(true);
        let answer = ask(port, "GET /api/view").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(
            answer.contains("\"error\": \"this node is a worker\""),
            "{answer}"
        );
        let mut stream = open(port, "GET /events").await;
        assert_eq!(line(&mut stream, "event: ").await, "trouble");
        assert_eq!(
            line(&mut stream, "data: ").await,
            "\"this node is a worker\""
        );
        script.broken.set(false);
        script.change();
        assert_eq!(line(&mut stream, "event: ").await, "view");
    })
    .await;
}

#[tokio::test]
async fn a_silent_stream_has_a_pulse() {
    with_server(async |port, _| {
        let mut stream = open(port, "GET /events").await;
        assert_eq!(line(&mut stream, "event: ").await, "view");
        assert_eq!(line(&mut stream, "event: ").await, "beat");
    })
    .await;
}
