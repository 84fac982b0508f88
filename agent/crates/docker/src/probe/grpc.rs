//! As much of gRPC over HTTP/2 as the probe needs: short unary calls, one after another.

use std::future::{pending, poll_fn};
use std::io::Cursor;

use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite};

const SERVICES: &str = "https://swarm-manager/docker.swarmkit.v1.";
/// A certificate and its frame fit many times.
const LONGEST: usize = 64 * 1024;

type Frame = Cursor<Vec<u8>>;

/// Sends calls over one connection.
pub(super) struct Client(SendRequest<Frame>);

/// The connection below a client.
pub(super) struct Connection<S>(h2::client::Connection<S, Frame>);

/// What a call was answered with.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Reply {
    /// The gRPC status code.
    pub(super) status: u32,
    /// The message, in its frame.
    pub(super) body: Vec<u8>,
}

/// Greets the other side.
pub(super) async fn open<S>(stream: S) -> Result<(Client, Connection<S>), String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let greeting = h2::client::Builder::new().handshake(stream);
    let (client, connection) = greeting.await.map_err(|e| failed(&e))?;
    Ok((Client(client), Connection(connection)))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Reads and writes for as long as the calls go on. Calls on a connection that ended fail
    /// by themselves.
    pub(super) async fn during<T>(self, calls: impl Future<Output = T>) -> T {
        let carry = async {
            let _ = self.0.await;
            pending::<T>().await
        };
        tokio::select! {
            result = calls => result,
            never = carry => never,
        }
    }
}

impl Client {
    /// Calls `method` (`Service/Method`) with a message.
    pub(super) async fn call(&mut self, method: &str, message: &[u8]) -> Result<Reply, String> {
        let request = request(method)?;
        poll_fn(|cx| self.0.poll_ready(cx))
            .await
            .map_err(|e| failed(&e))?;
        let (response, mut body) = self
            .0
            .send_request(request, false)
            .map_err(|e| failed(&e))?;
        body.send_data(Cursor::new(framed(message)?), true)
            .map_err(|e| failed(&e))?;
        let (head, body) = response.await.map_err(|e| failed(&e))?.into_parts();
        receive(&head.headers, body).await
    }
}

fn failed(error: &h2::Error) -> String {
    format!("does not speak gRPC: {error}")
}

fn request(method: &str) -> Result<Request<()>, String> {
    Request::post(format!("{SERVICES}{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(|error| error.to_string())
}

/// An uncompressed message (gRPC over HTTP/2, "Length-Prefixed-Message").
fn framed(message: &[u8]) -> Result<Vec<u8>, String> {
    let length = u32::try_from(message.len()).map_err(|error| error.to_string())?;
    Ok([&[0], &length.to_be_bytes()[..], message].concat())
}

async fn receive(headers: &HeaderMap, mut body: RecvStream) -> Result<Reply, String> {
    let mut bytes = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.map_err(|e| failed(&e))?;
        let _ = body.flow_control().release_capacity(part.len());
        bytes.extend_from_slice(&part);
        if bytes.len() > LONGEST {
            return Err("answered too much".into());
        }
    }
    let trailers = body.trailers().await.map_err(|e| failed(&e))?;
    // An answer without a message has its status among the headers.
    let status = trailers.as_ref().unwrap_or(headers).get("grpc-status");
    let code = status.and_then(|status| status.to_str().ok()?.parse().ok());
    Ok(Reply {
        status: code.ok_or_else(|| format!("answered gRPC status {status:?}"))?,
        body: bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_framed_by_its_length() {
        assert_eq!(framed(b""), Ok(vec![0; 5]));
        assert_eq!(framed(b"ab"), Ok(vec![0, 0, 0, 0, 2, b'a', b'b']));
        let long = framed(&[7; 258]).unwrap();
        assert_eq!(long[..6], [0, 0, 0, 1, 2, 7]);
    }
}
