//! The one gRPC call of the probe. Its messages are so small that they are written here
//! by hand: an empty request, an answer with one field.

use std::future::poll_fn;

use h2::RecvStream;
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite};

const METHOD: &str = "https://swarm-manager/docker.swarmkit.v1.CA/GetRootCACertificate";
/// An uncompressed message of no bytes (gRPC over HTTP/2, "Length-Prefixed-Message").
const EMPTY: &[u8] = &[0; 5];
/// gRPC's code `UNKNOWN`: swarmkit's answer when it has no leader to ask.
const UNKNOWN: &str = "2";
/// A certificate and its frame fit many times.
const LONGEST: usize = 64 * 1024;

/// What a manager answers.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// The root certificate, in PEM.
    Root(Vec<u8>),
    /// It knows no leader.
    NoLeader,
}

/// Asks for the swarm's root certificate.
pub(super) async fn root_certificate<S>(stream: S) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |error: h2::Error| format!("does not speak gRPC: {error}");
    let (mut client, connection) = h2::client::handshake(stream).await.map_err(failed)?;
    let exchange = async {
        poll_fn(|cx| client.poll_ready(cx)).await.map_err(failed)?;
        let (response, mut body) = client.send_request(request()?, false).map_err(failed)?;
        body.send_data(EMPTY.into(), true).map_err(failed)?;
        let (head, body) = response.await.map_err(failed)?.into_parts();
        receive(&head.headers, body).await
    };
    // The connection does the reading and writing; it has no end of its own.
    tokio::select! {
        answer = exchange => answer,
        end = connection => Err(format!("closed the connection: {end:?}")),
    }
}

fn request() -> Result<Request<()>, String> {
    Request::post(METHOD)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(|error| error.to_string())
}

async fn receive(headers: &HeaderMap, mut body: RecvStream) -> Result<Answer, String> {
    let mut bytes = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.map_err(|error| error.to_string())?;
        let _ = body.flow_control().release_capacity(part.len());
        bytes.extend_from_slice(&part);
        if bytes.len() > LONGEST {
            return Err("answered too much".into());
        }
    }
    let trailers = body.trailers().await.map_err(|error| error.to_string())?;
    let status = trailers.as_ref().unwrap_or(headers).get("grpc-status");
    match status.and_then(|status| status.to_str().ok()) {
        Some("0") => message(&bytes).map(|pem| Answer::Root(pem.to_vec())),
        Some(UNKNOWN) => Ok(Answer::NoLeader),
        other => Err(format!("answered gRPC status {other:?}")),
    }
}

/// Field 1 of a length-prefixed message: key byte, length as a varint, bytes.
fn message(bytes: &[u8]) -> Result<&[u8], String> {
    let unreadable = || "answered an unreadable certificate".to_owned();
    let (prefix, body) = bytes.split_at_checked(5).ok_or_else(unreadable)?;
    if prefix[0] != 0 || body.first() != Some(&0x0a) {
        return Err(unreadable());
    }
    let (length, rest) = varint(&body[1..]).ok_or_else(unreadable)?;
    rest.get(..length).ok_or_else(unreadable)
}

fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_is_read() {
        let mut bytes = vec![0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01];
        bytes.extend([b'x'; 200]);
        assert_eq!(message(&bytes), Ok(&[b'x'; 200][..]));
    }

    #[test]
    fn damage_is_an_error_not_a_panic() {
        let whole = [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b'];
        for end in 0..whole.len() {
            assert!(message(&whole[..end]).is_err());
        }
        assert!(message(&[0, 0, 0, 0, 6, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x01]).is_err());
    }
}
