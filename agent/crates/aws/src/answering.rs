//! A server on loopback that gives scripted answers, and tells what it was asked.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ssm::config::IdentityCache;
use aws_smithy_http_client::tls::TrustStore;
use aws_types::region::Region;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::Aws;
use super::connections::Connections;
use crate::{Endpoints, Proxies};

/// What it was asked, head by head.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

/// Its address, and what it will have been asked. One answer a connection, in this order.
pub(super) async fn serve(answers: Vec<String>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let heads = asked.clone();
    tokio::spawn(async move {
        for answer in answers {
            let (stream, _) = listener.accept().await.unwrap();
            let head = exchange(stream, answer.as_bytes()).await;
            heads.lock().unwrap().push(head);
        }
    });
    (address, asked)
}

/// Reads a head and its body, and answers.
pub(super) async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &[u8],
) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    String::from_utf8_lossy(&head).into_owned()
}

/// An answer with a body and its length.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// AWS with credentials, by these ways.
pub(super) fn aws(endpoints: Endpoints, proxies: Proxies, authorities: TrustStore) -> Aws {
    let credentials = Credentials::new("AKIA", "s3cret", None, None, "test");
    Aws {
        region: Region::new("us-east-1"),
        endpoints,
        use_fips: false,
        use_dualstack: false,
        credentials: SharedCredentialsProvider::new(credentials),
        identities: IdentityCache::lazy().build(),
        connections: Connections::new(authorities, proxies),
    }
}
