//! The client: session tokens, time limits, patience.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Metadata, MetadataError};
use host::backoff::Backoff;

/// The longest life the service grants a session token.
const TOKEN_LIFE: Duration = Duration::from_hours(6);
/// A token this close to its end is renewed before use.
const RENEW_EARLY: Duration = Duration::from_mins(5);
const LIFE_HEADER: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const FIRST_GAP: Duration = Duration::from_millis(100);
const LONGEST_GAP: Duration = Duration::from_secs(5);

/// The metadata service over HTTP. Never through a proxy, never with IMDSv1. Clones share connections
/// and session token.
#[derive(Clone, Debug)]
pub struct Imds {
    http: Client,
    base: String,
    budget: Duration,
    once: bool,
    token: Arc<Mutex<Option<Token>>>,
}

#[derive(Clone, Debug)]
struct Token {
    value: HeaderValue,
    renew_at: Instant,
}

/// Why one attempt gave nothing: asking again helps, or it does not.
enum Failure {
    Passing(String),
    Final(MetadataError),
}

impl Imds {
    /// A client for the service at `base` (`http://169.254.169.254`). One request may take
    /// `request_timeout`; one value is asked for until `budget` is used up.
    ///
    /// # Panics
    /// If the HTTP client cannot be built, which needs no resource that could be missing.
    pub fn new(base: &str, request_timeout: Duration, budget: Duration) -> Self {
        let http = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .pool_max_idle_per_host(1)
            .timeout(request_timeout)
            .build()
            .expect("a plain HTTP client can always be built");
        let base = base.trim_end_matches('/').to_owned();
        Self {
            http,
            base,
            budget,
            once: false,
            token: Arc::default(),
        }
    }

    /// The same client with another budget: short for a watch, long at boot.
    #[must_use]
    pub fn with_budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// The same client, which asks once for a value: the watch comes back by itself.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    async fn attempt(&self, path: &str) -> Result<Option<String>, Failure> {
        let token = self.token(None).await?;
        let mut answer = self.read(path, &token).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let fresh = self.token(Some(&token)).await?;
            answer = self.read(path, &fresh).await?;
        }
        match answer.status() {
            StatusCode::OK => answer.text().await.map(Some).map_err(passing),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.refusal(path, status)),
        }
    }

    async fn read(&self, path: &str, token: &HeaderValue) -> Result<Response, Failure> {
        let url = format!("{}/latest/{path}", self.base);
        let request = self.http.get(url).header(TOKEN_HEADER, token.clone());
        request.send().await.map_err(passing)
    }

    /// The session token; a new one if there is none, if it ends soon or if it is `refused`.
    async fn token(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, Failure> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref()
            && Instant::now() < token.renew_at
            && refused != Some(&token.value)
        {
            return Ok(token.value.clone());
        }
        *held = None;
        let asked = Instant::now();
        let value = self.new_token().await?;
        *held = Some(Token {
            value: value.clone(),
            renew_at: asked + TOKEN_LIFE - RENEW_EARLY,
        });
        Ok(value)
    }

    async fn new_token(&self) -> Result<HeaderValue, Failure> {
        let path = "api/token";
        let url = format!("{}/latest/{path}", self.base);
        let request = self.http.put(url).header(LIFE_HEADER, TOKEN_LIFE.as_secs());
        let answer = request.send().await.map_err(passing)?;
        if answer.status() != StatusCode::OK {
            return Err(self.refusal(path, answer.status()));
        }
        let text = answer.text().await.map_err(passing)?;
        let mut value = HeaderValue::try_from(text.trim())
            .map_err(|_| self.unexpected(path, "the session token is no header value"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn refusal(&self, path: &str, status: StatusCode) -> Failure {
        let again = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::UNAUTHORIZED;
        match status {
            _ if again => Failure::Passing(format!("it answers {status}")),
            StatusCode::FORBIDDEN => Failure::Final(MetadataError::Refused(self.base.clone())),
            _ => self.unexpected(path, &format!("it answers {status}")),
        }
    }

    fn unexpected(&self, path: &str, cause: &str) -> Failure {
        let (path, base) = (path.to_owned(), self.base.clone());
        Failure::Final(MetadataError::Unexpected {
            path,
            base,
            cause: cause.to_owned(),
        })
    }
}

impl Metadata for Imds {
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let begun = Instant::now();
        let deadline = begun + self.budget;
        let mut gaps = Backoff::new(FIRST_GAP, LONGEST_GAP);
        loop {
            let cause = match timeout_at(deadline, self.attempt(path)).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(Failure::Final(error))) => return Err(error),
                Ok(Err(Failure::Passing(cause))) => cause,
                Err(_) => "it does not answer".to_owned(),
            };
            tracing::debug!(path, cause, "instance metadata gives no answer yet");
            let gap = gaps.next_gap();
            if self.once || Instant::now() + gap >= deadline {
                let (path, base) = (path.to_owned(), self.base.clone());
                let waited = begun.elapsed();
                return Err(MetadataError::Unanswered {
                    path,
                    base,
                    waited,
                    cause,
                });
            }
            sleep(gap).await;
        }
    }
}

/// The whole story of a failed request, without its address: the caller names that.
fn passing(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if error.is_timeout() {
        return Failure::Passing("it does not answer".to_owned());
    }
    let mut root: &dyn Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    Failure::Passing(root.to_string())
}
