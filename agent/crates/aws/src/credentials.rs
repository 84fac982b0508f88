//! The credentials of the instance's role, through the agent's own metadata client: one
//! client, one session token, one set of time limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::imds::{Imds, Metadata};
use super::no_credentials::{NoCredentials, Said};

const PATH: &str = "meta-data/iam/security-credentials/";
/// What profile the instance has; not there without one.
const PROFILE: &str = "meta-data/iam/info";

/// What was read ahead is used if it is asked for within this time; later it may have expired.
const AHEAD: Duration = Duration::from_mins(1);

/// Reads the role's temporary credentials. The SDK caches them and asks again before
/// they expire.
#[derive(Clone, Debug)]
pub(super) struct InstanceCredentials {
    imds: Imds,
    ahead: Arc<Mutex<Option<Ahead>>>,
    last: Arc<Mutex<Option<Credentials>>>,
}

/// A read that goes on meanwhile.
#[derive(Debug)]
struct Ahead {
    begun: Instant,
    read: JoinHandle<provider::Result>,
}

/// The answer's form, as the EC2 user guide shows it ("Retrieve security credentials").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

impl InstanceCredentials {
    pub(super) fn new(imds: Imds) -> Self {
        Self {
            imds,
            ahead: Arc::default(),
            last: Arc::default(),
        }
    }

    /// Starts to read them: whoever asks first has them the sooner.
    pub(super) fn read_ahead(&self) {
        let imds = self.imds.clone();
        let read = tokio::spawn(async move { load(&imds).await });
        let begun = Instant::now();
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ahead { begun, read });
    }

    /// The last ones are good until they end, whatever becomes of the metadata service meanwhile: it shows new ones
    /// at least five minutes before that.
    async fn provide(&self) -> provider::Result {
        let fresh = self.fresh().await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match fresh {
            Ok(fresh) => {
                *last = Some(fresh.clone());
                Ok(fresh)
            }
            Err(error) => good(last.as_ref()).ok_or(error),
        }
    }

    async fn fresh(&self) -> provider::Result {
        let ahead = self
            .ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(ahead) = ahead.filter(|ahead| ahead.begun.elapsed() < AHEAD)
            && let Ok(Ok(credentials)) = ahead.read.await
        {
            return Ok(credentials);
        }
        load(&self.imds).await
    }
}

/// A copy of those that have not ended yet.
fn good(known: Option<&Credentials>) -> Option<Credentials> {
    let ends = known?.expiry()?;
    known.filter(|_| SystemTime::now() < ends).cloned()
}

async fn load(imds: &impl Metadata) -> provider::Result {
    read_role(imds).await.map_err(|why| match why {
        NoCredentials::NoProfile => CredentialsError::not_loaded(why),
        _ => CredentialsError::provider_error(why),
    })
}

async fn read_role(imds: &impl Metadata) -> Result<Credentials, NoCredentials> {
    let roles = imds.get(PATH).await?.unwrap_or_default();
    let Some(role) = roles.lines().map(str::trim).find(|role| !role.is_empty()) else {
        return Err(without_role(imds).await);
    };
    match imds.get(&format!("{PATH}{role}")).await? {
        Some(document) => parse(&document),
        None => Err(NoCredentials::NotYet),
    }
}

/// An instance with a profile must not be told that it has none.
async fn without_role(imds: &impl Metadata) -> NoCredentials {
    match imds.get(PROFILE).await {
        Err(error) => error.into(),
        Ok(None) => NoCredentials::NoProfile,
        Ok(Some(profile)) => {
            let said = serde_json::from_str(&profile).unwrap_or_default();
            NoCredentials::refused(said).unwrap_or(NoCredentials::NotYet)
        }
    }
}

fn parse(document: &str) -> Result<Credentials, NoCredentials> {
    // A refusal has the form of an answer, but for the credentials.
    let said: Said = serde_json::from_str(document).unwrap_or_default();
    if let Some(refused) = NoCredentials::refused(said) {
        return Err(refused);
    }
    // The cause is left out: serde's message may quote the secret.
    let Document {
        access_key_id,
        secret_access_key,
        token,
        expiration,
    } = serde_json::from_str(document).map_err(|_| NoCredentials::NotUnderstood)?;
    let expires = DateTime::from_str(&expiration, Format::DateTime)
        .ok()
        .and_then(|time| SystemTime::try_from(time).ok());
    Ok(Credentials::new(
        access_key_id,
        secret_access_key,
        Some(token),
        expires,
        "instance-metadata",
    ))
}

impl ProvideCredentials for InstanceCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }

    /// When the time for reading them is over.
    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        good(last.as_ref())
    }
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
