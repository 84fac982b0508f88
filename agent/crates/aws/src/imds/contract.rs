//! The client against a scripted service on loopback.

mod limits;
mod refusals;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::{Imds, Metadata, MetadataError};

const REQUEST_TIMEOUT: Duration = Duration::from_millis(250);
const ID_PATH: &str = "meta-data/instance-id";

/// What the service does with one request.
#[derive(Clone)]
enum Answer {
    Says(u16, &'static str),
    After(Duration, u16, &'static str),
    Nothing,
}
use Answer::{After, Nothing, Says};

/// One request as it came in.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Request {
    line: String,
    token: Option<String>,
    life: Option<String>,
    connection: usize,
}

#[derive(Default)]
struct Script {
    puts: VecDeque<Answer>,
    gets: VecDeque<Answer>,
    seen: Vec<Request>,
    connections: usize,
}

#[derive(Clone, Default)]
struct Service(Arc<StdMutex<Script>>);

impl Service {
    /// Answers to token requests and to reads, in order; the last of each for ever.
    fn new(puts: &[Answer], gets: &[Answer]) -> Self {
        let script = Script {
            puts: puts.to_vec().into(),
            gets: gets.to_vec().into(),
            ..Script::default()
        };
        Self(Arc::new(StdMutex::new(script)))
    }

    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(self.clone().serve(listener));
        address
    }

    async fn client(&self, budget: Duration) -> Imds {
        Imds::new(
            &format!("http://{}/", self.start().await),
            REQUEST_TIMEOUT,
            budget,
        )
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = {
                let mut script = self.0.lock().expect("script");
                script.connections += 1;
                script.connections
            };
            tokio::spawn(self.clone().converse(stream, connection));
        }
    }

    async fn converse(self, stream: TcpStream, connection: usize) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_request(&mut stream, connection).await {
            let answer = self.answer(request);
            let (status, text) = match answer {
                Says(status, text) => (status, text),
                After(gap, status, text) => {
                    sleep(gap).await;
                    (status, text)
                }
                Nothing => return sleep(Duration::from_mins(1)).await,
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            );
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: Request) -> Answer {
        let mut script = self.0.lock().expect("script");
        let is_put = request.line.starts_with("PUT");
        script.seen.push(request);
        let answers = if is_put {
            &mut script.puts
        } else {
            &mut script.gets
        };
        if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        }
        .expect("a scripted answer")
    }

    fn seen(&self) -> Vec<Request> {
        self.0.lock().expect("script").seen.clone()
    }

    fn lines(&self) -> Vec<String> {
        self.seen()
            .into_iter()
            .map(|request| request.line)
            .collect()
    }

    fn tokens(&self) -> Vec<String> {
        self.seen()
            .into_iter()
            .filter_map(|request| request.token)
            .collect()
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>, connection: usize) -> Option<Request> {
    let (mut first_line, mut token, mut life) = (None, None, None);
    loop {
        let mut text = String::new();
        if stream.read_line(&mut text).await.ok()? == 0 {
            return None;
        }
        let text = text.trim();
        if text.is_empty() {
            return Some(Request {
                line: first_line?,
                token,
                life,
                connection,
            });
        }
        match text.split_once(": ") {
            Some(("x-aws-ec2-metadata-token", value)) => token = Some(value.to_owned()),
            Some(("x-aws-ec2-metadata-token-ttl-seconds", value)) => life = Some(value.to_owned()),
            Some(_) => {}
            None => first_line = text.strip_suffix(" HTTP/1.1").map(str::to_owned),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
const TOKEN: Answer = Says(200, "token-1");

#[tokio::test]
async fn a_token_with_the_longest_life_opens_the_service() {
    let service = Service::new(&[TOKEN], &[Says(200, "i-1")]);
    let imds = service.client(SECOND).await;
    assert_eq!(imds.get(ID_PATH).await, Ok(Some("i-1".to_owned())));
    let seen = service.seen();
    assert_eq!(
        service.lines(),
        ["PUT /latest/api/token", "GET /latest/meta-data/instance-id"]
    );
    assert_eq!(seen[0].life.as_deref(), Some("21600"));
    assert_eq!(seen[1].token.as_deref(), Some("token-1"));
}

#[tokio::test]
async fn values_read_side_by_side_share_one_token() {
    let service = Service::new(
        &[After(Duration::from_millis(50), 200, "token-1")],
        &[Says(200, "x")],
    );
    let imds = service.client(SECOND).await;
    let (a, b, c) = tokio::join!(imds.get("a"), imds.get("b"), imds.get("c"));
    assert_eq!(
        [a, b, c],
        [const { Ok(None::<()>) }; 3].map(|_: Result<_, ()>| Ok(Some("x".to_owned())))
    );
    let puts = service
        .lines()
        .iter()
        .filter(|line| line.starts_with("PUT"))
        .count();
    assert_eq!((puts, service.seen().len()), (1, 4));
}

#[tokio::test]
async fn values_read_in_turn_share_one_connection() {
    let service = Service::new(&[TOKEN], &[Says(200, "x")]);
    let imds = service.client(SECOND).await;
    for path in ["a", "b", "c"] {
        assert!(imds.get(path).await.is_ok());
    }
    assert!(
        service.seen().iter().all(|request| request.connection == 1),
        "{:?}",
        service.seen()
    );
}

#[tokio::test]
async fn a_missing_value_is_an_answer() {
    let service = Service::new(&[TOKEN], &[Says(404, "<html>")]);
    assert_eq!(
        service
            .client(SECOND)
            .await
            .get("meta-data/tags/instance")
            .await,
        Ok(None)
    );
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let service = Service::new(&[TOKEN, Says(200, "token-2")], &[Says(200, "x")]);
    let imds = service.client(SECOND).await;
    let minute = Duration::from_mins(1);
    for (passed, token) in [
        (minute, "token-1"),
        (minute * 353, "token-1"),
        (minute * 2, "token-2"),
    ] {
        tokio::time::pause();
        tokio::time::advance(passed).await;
        tokio::time::resume();
        assert!(imds.get(ID_PATH).await.is_ok());
        assert_eq!(
            service.tokens().last().map(String::as_str),
            Some(token),
            "{passed:?}"
        );
    }
}

/// Environment variables belong to a process, so the client runs in one of its own.
#[tokio::test]
async fn a_proxy_in_the_environment_is_ignored() {
    let proxy = Service::new(&[Says(502, "")], &[Says(502, "")]);
    let service = Service::new(&[TOKEN], &[Says(200, "i-1")]);
    let via = format!("http://{}", proxy.start().await);
    let child = tokio::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "imds::contract::behind_a_proxy", "--ignored"])
        .env(BASE, format!("http://{}", service.start().await))
        .envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"].map(|name| (name, &via)))
        .output();
    let child = child.await.expect("this program can be run");
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stdout)
    );
    assert_eq!((proxy.seen().len(), service.seen().len()), (0, 2));
}

const BASE: &str = "CONTRACT_IMDS_BASE";

#[tokio::test]
#[ignore = "started by a_proxy_in_the_environment_is_ignored"]
async fn behind_a_proxy() {
    let base = std::env::var(BASE).expect("an address");
    let imds = Imds::new(&base, REQUEST_TIMEOUT, SECOND);
    assert_eq!(imds.get(ID_PATH).await, Ok(Some("i-1".to_owned())));
}

async fn failure(imds: &Imds) -> (MetadataError, Duration) {
    let begun = Instant::now();
    let error = imds.get(ID_PATH).await.expect_err("must fail");
    (error, begun.elapsed())
}
