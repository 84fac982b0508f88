//! Answers whoever comes, and is held up by nobody.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::word::answer;

/// At once. Who comes then takes the place of the one who has been here longest: a balancer's check takes a millisecond, so that
/// it is nearly never one, and those who say nothing cannot keep it out.
pub(super) const CONNECTIONS: usize = 64;
/// A connection is over by then, whatever it has asked: balancers' own limits are from 2 s on.
pub(super) const LIMIT: Duration = Duration::from_secs(2);
/// The least that hyper works with. A check is some hundred bytes.
const REQUEST: usize = 8192;
/// After a connection could not be taken: mostly, too many files are open.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers `GET /ready` from the file of the agent's word, for ever.
pub async fn serve(listener: TcpListener, file: PathBuf) {
    let router = routes(file);
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                open.retain(|connection| !connection.is_finished());
                if open.len() >= CONNECTIONS
                    && let Some(oldest) = open.pop_front()
                {
                    oldest.abort();
                }
                let connection = timeout(LIMIT, attend(stream, router.clone()));
                open.push_back(tokio::spawn(connection).abort_handle());
            }
            Err(error) => refused(&error).await,
        }
    }
}

async fn refused(error: &io::Error) {
    tracing::warn!(%error, "cannot take a connection");
    sleep(PAUSE).await;
}

/// One request a connection.
async fn attend(stream: TcpStream, router: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LIMIT)
        .keep_alive(false)
        .max_buf_size(REQUEST)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

fn routes(file: PathBuf) -> Router {
    let tell = move || {
        let word = answer(&file);
        async move {
            let status = if word.is_ready() {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            let headers = [(CONTENT_TYPE, "text/plain"), (CACHE_CONTROL, "no-store")];
            (status, headers, format!("{}\n", word.word())).into_response()
        }
    };
    Router::new().route("/ready", get(tell))
}
