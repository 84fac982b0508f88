//! What every request has to pass.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::time::sleep;

use super::Credentials;

/// Says only that this process lives, so it needs no credentials.
const HEALTH: &str = "/healthz";
/// What a wrong guess costs.
const GUESS: Duration = Duration::from_secs(1);
/// By this a browser tells which site a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may ask, and by which name.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Names in `Host` beside `localhost` and addresses.
    pub hosts: Vec<String>,
    /// Nobody is asked for any if none.
    pub credentials: Option<Credentials>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refusal {
    /// A name that others could have pointed here (DNS rebinding).
    Name,
    /// A page of another site asks.
    Site,
    Method,
    NoCredentials,
    WrongCredentials,
}

impl Gate {
    /// Puts itself in front of all routes.
    pub fn guard(self, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::new(self), pass))
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        if !self.is_known(headers.get(HOST)) {
            return Err(Refusal::Name);
        }
        if headers.get(SITE).is_some_and(|site| site == "cross-site") && !is_opened(headers) {
            return Err(Refusal::Site);
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return Err(Refusal::Method);
        }
        match &self.credentials {
            Some(wanted) if request.uri().path() != HEALTH => authorized(wanted, headers),
            _ => Ok(()),
        }
    }

    /// A browser that believes an address is at that address; a name is whose DNS it is.
    fn is_known(&self, host: Option<&HeaderValue>) -> bool {
        let Some(name) = host.and_then(|host| host.to_str().ok()).map(without_port) else {
            return false;
        };
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let named = |known: &str| known.eq_ignore_ascii_case(name);
        is_address || named("localhost") || self.hosts.iter().any(|known| named(known))
    }
}

/// A link on another site's page may be followed; its scripts may not look.
fn is_opened(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate")
        && headers
            .get("sec-fetch-dest")
            .is_some_and(|dest| dest == "document")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

fn authorized(wanted: &Credentials, headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(AUTHORIZATION) {
        None => Err(Refusal::NoCredentials),
        Some(given) if wanted.admit(given) => Ok(()),
        Some(_) => Err(Refusal::WrongCredentials),
    }
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            if refusal == Refusal::WrongCredentials {
                tracing::warn!("somebody asked with wrong credentials");
                sleep(GUESS).await;
            }
            refusal.into_response()
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Name => (
                StatusCode::MISDIRECTED_REQUEST,
                "not by this name: ask by an address, by localhost, or list the name in the setting `hosts`\n",
            ),
            Self::Site => (StatusCode::FORBIDDEN, "not from another site's page\n"),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "this only tells: GET and HEAD\n",
            ),
            Self::NoCredentials | Self::WrongCredentials => {
                (StatusCode::UNAUTHORIZED, "who are you?\n")
            }
        };
        let mut response = (status, text).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"swarmlet\", charset=\"UTF-8\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
