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

const PATH: &str = "meta-data/iam/security-credentials/";

/// What was read ahead is used if it is asked for within this time; later it may have expired.
const AHEAD: Duration = Duration::from_mins(1);

/// Reads the role's temporary credentials. The SDK caches them and asks again before
/// they expire.
#[derive(Clone, Debug)]
pub(super) struct InstanceCredentials {
    imds: Imds,
    ahead: Arc<Mutex<Option<Ahead>>>,
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
        }
    }

    /// Starts to read them: whoever asks first has them the sooner.
    pub(super) fn read_ahead(&self) {
        let imds = self.imds.clone();
        let read = tokio::spawn(async move { load(&imds).await });
        let begun = Instant::now();
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ahead { begun, read });
    }

    async fn provide(&self) -> provider::Result {
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

async fn load(imds: &Imds) -> provider::Result {
    let role = read(imds, PATH).await?;
    let role = role.lines().next().unwrap_or_default();
    let document = read(imds, &format!("{PATH}{role}")).await?;
    parse(&document)
}

async fn read(imds: &Imds, path: &str) -> Result<String, CredentialsError> {
    match imds.get(path).await {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(CredentialsError::not_loaded(
            "the instance has no instance profile",
        )),
        Err(error) => Err(CredentialsError::provider_error(error)),
    }
}

fn parse(document: &str) -> provider::Result {
    // The cause is left out: serde's message may quote the secret.
    let Document {
        access_key_id,
        secret_access_key,
        token,
        expiration,
    } = serde_json::from_str(document).map_err(|_| {
        CredentialsError::invalid_configuration("the metadata service gave no credentials")
    })?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_of_the_metadata_service_become_credentials() {
        let document = r#"{"Code":"Success","AccessKeyId":"AKIA","SecretAccessKey":"s3cret",
            "Token":"t","Expiration":"2026-01-01T00:00:00Z","Type":"AWS-HMAC"}"#;
        let credentials = parse(document).unwrap();
        assert_eq!(credentials.access_key_id(), "AKIA");
        assert!(credentials.expiry().is_some());
    }

    #[test]
    fn a_broken_document_is_refused_without_a_quote() {
        let error = parse(r#"{"AccessKeyId":"AKIA","SecretAccessKey":"s3cret""#).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
