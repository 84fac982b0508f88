//! What can go wrong in a call to AWS, told apart by what follows from it.

use thiserror::Error;

/// Why an AWS call gave no answer. The kinds differ in what the agent does next.
#[derive(Debug, Clone, Eq, PartialEq, Error)]
pub enum CloudError {
    /// The instance's role lacks a permission. A person has to act; asking again may help later.
    #[error("{action} on {resource} is denied: allow it in the IAM policy of the instance's role")]
    Denied {
        /// The IAM action to allow, `service:Action`.
        action: String,
        /// What it was asked on: a parameter's name, an instance id.
        resource: String,
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
    /// No answer, or one that says nothing certain. The call may or may not have had an effect.
    #[error("{action} failed: {cause}")]
    Failed {
        /// The IAM action that was asked for.
        action: &'static str,
        /// The cause, as the client reports it.
        cause: String,
    },
}

impl From<CloudError> for crate::swarm::Trouble {
    fn from(error: CloudError) -> Self {
        let text = error.to_string();
        match error {
            CloudError::Denied { .. } | CloudError::NoCredentials(_) => Self::Denied(text),
            CloudError::Throttled { .. } => Self::Throttled(text),
            CloudError::Failed { .. } => Self::Failed(text),
        }
    }
}
