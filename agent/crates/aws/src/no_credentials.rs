//! Why instance metadata gives no credentials of the instance's role: in its own words, with what to do.

use std::error::Error;

use serde::Deserialize;
use thiserror::Error;

use super::imds::MetadataError;
use super::words::with_code;

/// As much of a document as says how it went. Neither is a secret.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Said {
    code: Option<String>,
    message: Option<String>,
}

/// Why there are none. Each is asked for again, with whatever needs them.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub(super) enum NoCredentials {
    /// The instance was launched without one.
    #[error("the instance has no instance profile; attach an instance profile to the instance")]
    NoProfile,
    /// It has one: for some seconds after the launch, or as long as the profile has no role.
    #[error(
        "the instance has an instance profile, but metadata has no credentials of its role yet; if it stays so, look \
         whether the profile has a role"
    )]
    NotYet,
    /// The service says that it could not get them.
    #[error("instance metadata says {0}; {1}")]
    Refused(String, &'static str),
    /// What came is no such document.
    #[error("the metadata service gave no credentials")]
    NotUnderstood,
    /// The service gives no answer.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl NoCredentials {
    /// What a document says, if it is no success. Documents of other services have no code.
    pub(super) fn refused(said: Said) -> Option<Self> {
        let code = said.code.filter(|code| code != "Success")?;
        let message = said.message.unwrap_or_default();
        let advice = advice(&code, &message);
        Some(Self::Refused(with_code(&code, &message), advice))
    }

    /// The one in the story of an error, if there is one.
    pub(super) fn among(causes: &[&(dyn Error + 'static)]) -> Option<String> {
        let own =
            |cause: &&(dyn Error + 'static)| cause.downcast_ref::<Self>().map(Self::to_string);
        causes.iter().find_map(own)
    }
}

/// The codes are those of the IAM user guide ("Troubleshoot IAM and Amazon EC2").
fn advice(code: &str, message: &str) -> &'static str {
    let assumes = code.contains("AssumeRole") || message.contains("cannot assume");
    match code {
        _ if assumes => {
            "look at the role's trust policy: it has to let ec2.amazonaws.com assume the role"
        }
        "InstanceProfileNotFound" => {
            "attach an instance profile that exists: the one that the instance was launched with is gone"
        }
        _ => {
            "it is asked again; if it stays so, look at the role's trust policy and at the instance profile"
        }
    }
}
