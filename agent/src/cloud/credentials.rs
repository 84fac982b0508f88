//! The credentials of the instance's role, through the agent's own metadata client: one
//! client, one session token, one set of time limits.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;

use super::imds::{Imds, Metadata};

const PATH: &str = "meta-data/iam/security-credentials/";

/// Reads the role's temporary credentials. The SDK caches them and asks again before
/// they expire.
#[derive(Debug)]
pub(super) struct InstanceCredentials {
    imds: Arc<Imds>,
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
    pub(super) fn new(imds: Arc<Imds>) -> Self {
        Self { imds }
    }

    async fn load(&self) -> provider::Result {
        let role = self.read(PATH).await?;
        let role = role.lines().next().unwrap_or_default();
        let document = self.read(&format!("{PATH}{role}")).await?;
        parse(&document)
    }

    async fn read(&self, path: &str) -> Result<String, CredentialsError> {
        match self.imds.get(path).await {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(CredentialsError::not_loaded(
                "the instance has no instance profile",
            )),
            Err(error) => Err(CredentialsError::provider_error(error)),
        }
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
        future::ProvideCredentials::new(self.load())
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
