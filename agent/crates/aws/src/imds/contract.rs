//! The client against a scripted service on loopback.

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
async fn a_refused_token_is_replaced_once_and_never_sent_again() {
    let service = Service::new(
        &[TOKEN, Says(200, "token-2")],
        &[
            Says(200, "a"),
            Says(401, ""),
            Says(200, "b"),
            Says(200, "c"),
        ],
    );
    let imds = service.client(SECOND).await;
    for expected in ["a", "b", "c"] {
        assert_eq!(imds.get(ID_PATH).await, Ok(Some(expected.to_owned())));
    }
    assert_eq!(
        service.tokens(),
        ["token-1", "token-1", "token-2", "token-2"]
    );
}

#[tokio::test]
async fn a_service_that_refuses_every_token_is_given_up_within_the_budget() {
    let service = Service::new(&[TOKEN], &[Says(401, "")]);
    let budget = Duration::from_millis(500);
    let (error, waited) = failure(&service.client(budget).await).await;
    assert!(
        matches!(&error, MetadataError::Unanswered { cause, .. } if cause.contains("401")),
        "{error}"
    );
    assert!(waited <= budget + Duration::from_millis(100), "{waited:?}");
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

#[tokio::test]
async fn a_service_that_is_switched_off_is_named_at_once() {
    for service in [
        Service::new(&[Says(403, "")], &[]),
        Service::new(&[TOKEN], &[Says(403, "")]),
    ] {
        let (error, waited) = failure(&service.client(SECOND * 5).await).await;
        assert!(
            error.to_string().contains("HttpEndpoint=enabled"),
            "{error}"
        );
        assert!(waited < SECOND, "{waited:?}");
    }
}

#[tokio::test]
async fn an_answer_that_no_service_gives_is_an_error_at_once() {
    for status in [301, 400, 405] {
        let service = Service::new(&[TOKEN], &[Says(status, "")]);
        let (error, waited) = failure(&service.client(SECOND * 5).await).await;
        assert!(
            matches!(&error, MetadataError::Unexpected { cause, .. } if cause.contains(&status.to_string()))
        );
        assert!(waited < SECOND, "{waited:?}");
    }
}

#[tokio::test]
async fn busy_and_failing_answers_are_repeated() {
    let puts = [Says(503, ""), TOKEN];
    let gets = [Says(500, ""), Nothing, Says(429, ""), Says(200, "i-1")];
    let service = Service::new(&puts, &gets);
    let imds = service.client(SECOND * 20).await;
    assert_eq!(imds.get(ID_PATH).await, Ok(Some("i-1".to_owned())));
    assert_eq!(service.seen().len(), 6);
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

#[tokio::test]
async fn an_answer_later_than_the_limit_does_not_count() {
    let late = After(REQUEST_TIMEOUT * 2, 200, "late");
    let service = Service::new(&[TOKEN], &[late, Says(200, "in time")]);
    let begun = Instant::now();
    assert_eq!(
        service.client(SECOND * 5).await.get(ID_PATH).await,
        Ok(Some("in time".to_owned()))
    );
    assert!(begun.elapsed() >= REQUEST_TIMEOUT, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_black_hole_costs_the_budget_and_no_more() {
    let service = Service::new(&[Nothing], &[]);
    let budget = SECOND * 2;
    let (error, waited) = failure(&service.client(budget).await).await;
    assert!(error.to_string().ends_with("it does not answer"), "{error}");
    assert!(waited >= budget / 2, "{waited:?}");
    assert!(waited <= budget + Duration::from_millis(200), "{waited:?}");
    assert!(service.seen().len() >= 3, "{:?}", service.lines());
}

/// Many readers wait for the one token; none of them may wait longer than its own budget.
#[tokio::test]
async fn a_black_hole_holds_nobody_longer_than_the_budget() {
    let service = Service::new(&[Nothing], &[]);
    let imds = service.client(SECOND).await;
    let begun = Instant::now();
    let answers = futures_util::future::join_all((0..8).map(|_| imds.get(ID_PATH))).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(
        begun.elapsed() <= SECOND + Duration::from_millis(200),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_service_that_comes_up_late_is_waited_for() {
    let holder = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = holder.local_addr().expect("an address");
    drop(holder);
    let imds = Imds::new(&format!("http://{address}"), REQUEST_TIMEOUT, SECOND * 20);
    let service = Service::new(&[TOKEN], &[Says(200, "i-1")]);
    let late = async {
        sleep(SECOND).await;
        let listener = TcpListener::bind(address).await.expect("the same port");
        tokio::spawn(service.serve(listener));
    };
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(imds.get(ID_PATH), late);
    assert_eq!(answer, Ok(Some("i-1".to_owned())));
    assert!(
        begun.elapsed() >= SECOND && begun.elapsed() < SECOND * 4,
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_closed_port_names_its_cause_and_address() {
    let holder = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", holder.local_addr().expect("an address"));
    drop(holder);
    let imds =
        Imds::new(&base, REQUEST_TIMEOUT, SECOND * 5).with_budget(Duration::from_millis(300));
    let (error, waited) = failure(&imds).await;
    let message = error.to_string();
    assert!(
        message.starts_with(&format!(
            "cannot read {ID_PATH} from instance metadata at {base}: "
        )),
        "{message}"
    );
    assert!(message.contains("refused"), "{message}");
    assert!(waited < SECOND, "{waited:?}");
}

async fn failure(imds: &Imds) -> (MetadataError, Duration) {
    let begun = Instant::now();
    let error = imds.get(ID_PATH).await.expect_err("must fail");
    (error, begun.elapsed())
}
