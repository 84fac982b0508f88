//! What can be asked for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::json;

use super::feed::{Feed, Frame, Viewer};
use super::page::FILES;

/// The page takes a connection that is silent for three of these for lost.
const BEAT: Duration = Duration::from_secs(8);
/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const JSON: &str = "application/json";

pub(super) fn router(feed: Arc<Feed>) -> Router {
    let pages = FILES.iter().fold(Router::new(), |router, file| {
        let answer = ([(CONTENT_TYPE, file.kind)], file.content);
        router.route(file.path, get(async move || answer))
    });
    pages
        .route("/events", get(events))
        .route("/api/view", get(view))
        .route("/healthz", get(async || "ok\n"))
        .with_state(feed)
        .layer(map_response(secured))
}

async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn events(State(feed): State<Arc<Feed>>) -> Response {
    match feed.join() {
        Some(viewer) => {
            let beat = KeepAlive::new()
                .interval(BEAT)
                .event(Event::default().event("beat").data("-"));
            Sse::new(stream(viewer)).keep_alive(beat).into_response()
        }
        None => full(),
    }
}

fn stream(viewer: Viewer) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(viewer, async |mut viewer| {
        let event = match viewer.next().await? {
            Frame::View(view) => Event::default().event("view").data(view),
            Frame::Trouble(text) => Event::default()
                .event("trouble")
                .data(json!(&*text).to_string()),
            Frame::Nothing => Event::default().comment("nothing"),
        };
        Some((Ok(event), viewer))
    })
}

async fn view(State(feed): State<Arc<Feed>>) -> Response {
    let Some(viewer) = feed.join() else {
        return full();
    };
    match viewer.first().await {
        Frame::View(view) => ([(CONTENT_TYPE, JSON)], view.to_string()).into_response(),
        Frame::Trouble(text) => trouble(&text),
        Frame::Nothing => trouble("there is nothing to see yet"),
    }
}

fn full() -> Response {
    trouble("too many look already")
}

fn trouble(text: &str) -> Response {
    let body = format!("{:#}\n", json!({"error": text}));
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(CONTENT_TYPE, JSON)],
        body,
    )
        .into_response()
}
