//! Health checks as clients have them, good and bad, over TCP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::serve::{CONNECTIONS, LIMIT};
use super::word::uptime;
use super::{FILE, Teller, Word, serve, told};
use protocol::node::Readiness;
use protocol::pace::READINESS_LASTS;

const SOON: Duration = Duration::from_secs(5);

struct Host {
    folder: tempfile::TempDir,
    address: SocketAddr,
}

impl Host {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, folder.path().join(FILE)));
        Self { folder, address }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    fn teller(&self) -> Teller {
        Teller::new(Some(self.address), self.folder.path()).unwrap()
    }

    /// A word that was said so long ago.
    fn said(&self, word: Readiness, ago: Duration) {
        let ago = u64::try_from(ago.as_millis()).unwrap();
        let word = Word {
            listen: self.address,
            word,
            at: uptime()
                .checked_sub(ago)
                .expect("the machine is up for longer"),
        };
        word.write(&self.file()).unwrap();
    }

    async fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        let read = timeout(SOON, stream.read_to_string(&mut text)).await;
        read.expect("an answer in time").unwrap();
        text
    }

    /// The status and all of the body.
    async fn ask(&self) -> (u16, String) {
        parsed(
            &self
                .send("GET /ready HTTP/1.1\r\nhost: 10.0.0.1:8378\r\n\r\n")
                .await,
        )
    }
}

fn parsed(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").expect(answer);
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect(answer), body.to_owned())
}

#[tokio::test]
async fn each_word_has_its_status() {
    let host = Host::new().await;
    let teller = host.teller();
    for (word, status) in [
        (Readiness::Ready, 200),
        (Readiness::Joining, 503),
        (Readiness::Draining, 503),
        (Readiness::Departing, 503),
        (Readiness::Lost, 503),
        (Readiness::Ready, 200),
    ] {
        teller.tell(Some(word));
        assert_eq!(host.ask().await, (status, format!("{}\n", word.word())));
    }
    teller.tell(None);
    assert_eq!(host.ask().await.0, 200, "nothing new is known");
}

#[tokio::test]
async fn no_word_a_broken_one_and_an_old_one_are_unknown() {
    let host = Host::new().await;
    let unknown = (503, "unknown\n".to_owned());
    assert_eq!(host.ask().await, unknown);
    for broken in ["", "ready", "{\"word\":\"ready\"}"] {
        std::fs::write(host.file(), broken).unwrap();
        assert_eq!(host.ask().await, unknown, "{broken:?}");
    }
    let margin = Duration::from_secs(1);
    host.said(Readiness::Ready, READINESS_LASTS.saturating_sub(margin));
    assert_eq!(
        host.ask().await,
        (200, "ready\n".into()),
        "the agent restarts"
    );
    host.said(Readiness::Ready, READINESS_LASTS + margin);
    assert_eq!(host.ask().await, unknown);
    // Its agent lives: what is said again is as good as new.
    let teller = host.teller();
    teller.tell(Some(Readiness::Ready));
    host.said(Readiness::Ready, READINESS_LASTS + margin);
    teller.tell(Some(Readiness::Ready));
    assert_eq!(host.ask().await, unknown, "no news is not written again");
    teller.repeat();
    assert_eq!(host.ask().await.0, 200);
}

/// Nothing tells who answers, and what: no version, no name, no page.
#[tokio::test]
async fn an_answer_gives_nothing_else_away() {
    let host = Host::new().await;
    host.teller().tell(Some(Readiness::Ready));
    let answer = host.send("GET /ready HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let head = answer
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .to_ascii_lowercase();
    let names: Vec<&str> = head
        .lines()
        .skip(1)
        .filter_map(|l| l.split(':').next())
        .collect();
    let known = [
        "content-type",
        "cache-control",
        "content-length",
        "connection",
        "date",
    ];
    assert!(names.iter().all(|name| known.contains(name)), "{head}");
    for (request, status) in [
        ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        ("GET /ready/../status HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        ("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        (
            "POST /ready HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
            405,
        ),
        ("DELETE /ready HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        ("nonsense\r\n\r\n", 400),
    ] {
        let (found, body) = parsed(&host.send(request).await);
        assert_eq!((found, body.as_str()), (status, ""), "{request:?}");
    }
    let head = parsed(&host.send("HEAD /ready HTTP/1.1\r\nhost: x\r\n\r\n").await);
    assert_eq!(head, (200, String::new()));
    assert_eq!(
        host.send("GET /ready HTTP/1.0\r\n\r\n")
            .await
            .split(' ')
            .nth(1),
        Some("200")
    );
}

/// Those who say nothing, half of it, or too much of it.
#[tokio::test]
async fn a_client_that_does_not_come_to_an_end_is_sent_away() {
    let host = Host::new().await;
    host.teller().tell(Some(Readiness::Ready));
    for half in ["", "GET /ready HTTP/1.1\r\nhost: x\r\nx: "] {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(host.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        // However it ends: closed or reset.
        let ended = timeout(SOON, stream.read_to_end(&mut text)).await;
        assert!(ended.is_ok(), "{half:?} is borne for ever");
        assert!(begun.elapsed() >= LIMIT / 2, "{:?}", begun.elapsed());
        assert!(
            !String::from_utf8_lossy(&text).contains("200 OK"),
            "{half:?}"
        );
    }
    let large = format!(
        "GET /ready HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(64 * 1024)
    );
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let _ = stream.write_all(large.as_bytes()).await;
    let mut text = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut text))
        .await
        .expect("an end in time");
    assert!(!String::from_utf8_lossy(&text).contains("200 OK"));
    assert_eq!(host.ask().await.0, 200);
}

/// A byte now and then keeps nobody here for longer.
#[tokio::test]
async fn a_slow_client_has_no_more_time() {
    let host = Host::new().await;
    let begun = Instant::now();
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    for byte in b"GET /ready HTTP/1.1\r\nhost: xxxxxxxxxxxxxxxxxxxxxxxxxx" {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let took = begun.elapsed();
    assert!(took >= LIMIT && took < 2 * LIMIT, "{took:?}");
}

/// Many times more than may be here, all silent: a check is answered at once all the same.
#[tokio::test]
async fn a_crowd_keeps_no_check_out() {
    let host = Host::new().await;
    host.teller().tell(Some(Readiness::Ready));
    let mut crowd = Vec::new();
    for _ in 0..4 * CONNECTIONS {
        crowd.push(TcpStream::connect(host.address).await.unwrap());
    }
    let begun = Instant::now();
    assert_eq!(host.ask().await.0, 200);
    assert!(begun.elapsed() < LIMIT / 2, "{:?}", begun.elapsed());
    let mut gone = 0;
    for stream in &mut crowd {
        let mut byte = [0];
        let ended = timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
        gone += usize::from(ended.is_ok());
    }
    assert!(gone >= 3 * CONNECTIONS, "only {gone} of the crowd are gone");
}

#[test]
fn where_it_is_off_nothing_is_left_of_an_earlier_word() {
    let folder = tempfile::tempdir().unwrap();
    let address = "127.0.0.1:8378".parse().unwrap();
    let told = Teller::new(Some(address), folder.path()).unwrap();
    told.tell(Some(Readiness::Ready));
    assert_eq!(
        Word::read(&folder.path().join(FILE)).unwrap().listen,
        address
    );
    assert!(Teller::new(None, folder.path()).is_none());
    assert!(Teller::new(None, folder.path()).is_none());
    let error = Word::read(&folder.path().join(FILE))
        .unwrap_err()
        .to_string();
    assert!(error.contains("ready.listen"), "{error}");
    assert!(Teller::new(None, Path::new("/nonexistent")).is_none());
}

/// What `swarmlet status` shows is what health checks hear, so also that an agent has been silent for too long.
#[tokio::test]
async fn status_tells_what_health_checks_hear() {
    let host = Host::new().await;
    let told = || told(host.folder.path());
    assert_eq!(told(), None, "nothing is said without ready.listen");
    host.said(Readiness::Draining, Duration::ZERO);
    assert_eq!(told(), Some(Readiness::Draining));
    host.said(Readiness::Ready, READINESS_LASTS + SOON);
    assert_eq!(told(), Some(Readiness::Unknown));
    std::fs::write(host.file(), "{").unwrap();
    assert_eq!(told(), Some(Readiness::Unknown));
}
