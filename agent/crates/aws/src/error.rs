//! What can go wrong in a call to AWS, told apart by what follows from it.

use thiserror::Error;

use super::denial::Denial;

/// Why an AWS call gave no answer. The kinds differ in what the agent does next.
#[derive(Debug, Clone, Eq, PartialEq, Error)]
pub enum CloudError {
    /// A policy stands in the way. A person has to act; asking again may help later.
    #[error("{action} on {resource} is denied{why}")]
    Denied {
        /// The IAM action to allow, `service:Action`.
        action: String,
        /// What it was asked on: a parameter's name, an instance id.
        resource: String,
        /// Which policy, in AWS's words, and what to do about it.
        why: Denial,
    },
    /// The account's request rate is used up. Ask again, later and jittered.
    #[error("{action} is throttled by AWS")]
    Throttled {
        /// The IAM action that was refused.
        action: &'static str,
    },
    /// There are no credentials to sign with: why, and what to do.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
    /// What is asked for is encrypted under a key that is disabled, deleted or not this account's. A person has to
    /// act, or whoever may writes it anew.
    #[error(
        "cannot use the KMS key of {resource}: {cause}; enable the key, or where it is gone have the value written under \
         another (aws.kms_key)"
    )]
    KeyUnusable {
        /// The IAM action that was asked for.
        action: &'static str,
        /// What it was asked on.
        resource: String,
        /// AWS's words.
        cause: String,
    },
    /// AWS answered, and refuses for another reason.
    #[error("{action} failed: {cause}")]
    Refused {
        /// The IAM action that was asked for.
        action: &'static str,
        /// AWS's words, and what to do where that is known.
        cause: String,
    },
    /// No answer, or one that says nothing certain. The call may or may not have had an effect.
    #[error("{action} failed: {cause}")]
    Failed {
        /// The IAM action that was asked for.
        action: &'static str,
        /// The cause, as the client reports it.
        cause: String,
    },
}

impl CloudError {
    /// A denial that says no more.
    pub fn denied(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::Denied {
            action: action.into(),
            resource: resource.into(),
            why: Denial::default(),
        }
    }

    /// Its name among counts.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Throttled { .. } => "throttled",
            Self::NoCredentials(_) => "no-credentials",
            Self::KeyUnusable { .. } => "key-unusable",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
        }
    }
}

impl From<CloudError> for protocol::Trouble {
    fn from(error: CloudError) -> Self {
        let text = error.to_string();
        match error {
            CloudError::Denied { .. }
            | CloudError::NoCredentials(_)
            | CloudError::KeyUnusable { .. } => Self::Denied(text),
            CloudError::Throttled { .. } => Self::Throttled(text),
            CloudError::Refused { .. } | CloudError::Failed { .. } => Self::Failed(text),
        }
    }
}
