//! The calls against a scripted manager, without TLS.

use http::{HeaderMap, Response};
use tokio::io::DuplexStream;
use tokio::time::sleep;

use super::*;

/// What the scripted manager does with a call.
#[derive(Clone, Copy)]
enum Answer {
    /// A status and the body of its message.
    Status(&'static str, &'static [u8]),
    /// Headers only, as gRPC answers errors.
    Bare(&'static str),
    Silence,
    HangUp,
}

const ROOT: Answer = Answer::Status("0", &[0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);

/// Answers the calls in turn; returns what it was asked.
async fn serve(stream: DuplexStream, answers: Vec<Answer>) -> Vec<(String, Vec<u8>)> {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut asked = Vec::new();
    let mut answers = answers.into_iter();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let path = request.uri().path().to_owned();
        let mut body = request.into_body();
        let read = async { body.data().await.unwrap().unwrap().to_vec() };
        let message = tokio::select! {
            message = read => message,
            _ = std::future::poll_fn(|cx| connection.poll_closed(cx)) => break,
        };
        asked.push((path, message));
        match answers.next().unwrap() {
            Answer::Status(status, message) => {
                let mut stream = respond.send_response(Response::new(()), false).unwrap();
                stream.send_data(message.into(), false).unwrap();
                let trailers = [("grpc-status".parse().unwrap(), status.parse().unwrap())];
                stream
                    .send_trailers(HeaderMap::from_iter(trailers))
                    .unwrap();
            }
            Answer::Bare(status) => {
                let head = Response::builder().header("grpc-status", status);
                respond.send_response(head.body(()).unwrap(), true).unwrap();
            }
            Answer::Silence => std::mem::forget(respond),
            Answer::HangUp => break,
        }
    }
    asked
}

/// The root certificate and the word of a manager, and what it was asked.
async fn talk(
    answers: Vec<Answer>,
    node_id: Option<&str>,
) -> (
    Result<Option<Vec<u8>>, String>,
    Word,
    Vec<(String, Vec<u8>)>,
) {
    let (near, far) = tokio::io::duplex(4096);
    let manager = tokio::spawn(serve(far, answers));
    let (mut client, connection) = grpc::open(near).await.unwrap();
    let questions = async {
        let root = calls::root_certificate(&mut client).await;
        (root, word(&mut client, node_id).await)
    };
    let (root, word) = connection.during(questions).await;
    drop(client);
    (root, word, manager.await.unwrap())
}

#[tokio::test]
async fn both_questions_go_over_one_connection() {
    let (root, word, asked) = talk(vec![ROOT, Answer::Status("0", &[0; 5])], Some("node")).await;
    assert_eq!(root, Ok(Some(b"ab".to_vec())));
    assert_eq!(word, Word::Member);
    let service = "/docker.swarmkit.v1.";
    let expected = [
        (format!("{service}CA/GetRootCACertificate"), vec![0; 5]),
        (
            format!("{service}NodeCA/NodeCertificateStatus"),
            b"\0\0\0\0\x06\x0a\x04node".to_vec(),
        ),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn without_a_node_only_the_first_is_asked() {
    let (root, word, asked) = talk(vec![Answer::Bare("2")], None).await;
    assert_eq!((root, word, asked.len()), (Ok(None), Word::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn only_a_clear_answer_is_taken_for_removed() {
    for (answer, expected) in [
        (Answer::Bare("5"), Word::Removed),
        (Answer::Status("5", b""), Word::Removed),
        (Answer::Bare("2"), Word::Unknown),
        (Answer::Bare("12"), Word::Unknown),
        (Answer::Bare("five"), Word::Unknown),
        (Answer::Silence, Word::Unknown),
        (Answer::HangUp, Word::Unknown),
    ] {
        let (root, word, _) = talk(vec![ROOT, answer], Some("node")).await;
        assert_eq!((root, word), (Ok(Some(b"ab".to_vec())), expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_word_that_does_not_come_is_waited_for_no_longer_than_its_limit() {
    let begun = Instant::now();
    let (_, word, _) = talk(vec![ROOT, Answer::Silence], Some("node")).await;
    assert_eq!((word, begun.elapsed()), (Word::Unknown, WORD_LIMIT));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_says_nothing_is_nobody() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Instant::now();
    let silent = async {
        let _held = listener.accept().await;
        sleep(LIMIT * 2).await;
    };
    let probed = tokio::select! {
        probed = one(address, Some("node")) => probed,
        () = silent => panic!("the probe has no end"),
    };
    let expected = ProbeAnswer::Nobody("did not answer in 3 s".into());
    assert_eq!((probed.answer, probed.address), (expected, address));
    assert_eq!(begun.elapsed(), LIMIT);
}
