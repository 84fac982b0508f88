//! How an SDK error becomes one of the agent's.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::no_credentials::NoCredentials;
use super::{CALLS, CloudError};

/// AWS's codes for a missing permission, by service (JSON and query protocols).
const DENIED: [&str; 5] = [
    "AccessDeniedException",
    "AccessDenied",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
    "AuthFailure",
];

/// AWS's codes for "ask later". `TooManyUpdates` is Parameter Store's word for two writers
/// at once.
const THROTTLED: [&str; 6] = [
    "SlowDown",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyUpdates",
    "TooManyRequestsException",
];

/// AWS's codes for a request that was signed more than some minutes ago, or in the future; where
/// the code says no more than that the signature is wrong, the message does.
const EXPIRED: [&str; 2] = ["RequestExpired", "RequestTimeTooSkewed"];
const EXPIRED_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];

/// Sorts an error by what follows from it. `action` is the IAM action that was asked for,
/// `resource` what it was asked on.
pub(super) fn sort<E, R>(action: &'static str, resource: &str, error: &SdkError<E, R>) -> CloudError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let sorted = sorted(action, resource, error);
    CALLS.failed(action, &sorted);
    sorted
}

fn sorted<E, R>(action: &'static str, resource: &str, error: &SdkError<E, R>) -> CloudError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(code) = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
    {
        let message = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::message);
        return by_code(action, resource, code, message.unwrap_or_default());
    }
    let all = causes(error);
    if let Some(missing) = all.iter().find(|c| c.is::<CredentialsError>()) {
        return without_credentials(*missing);
    }
    CloudError::Failed {
        action,
        cause: chain(&all),
    }
}

/// Sorts an error by AWS's own word for it.
pub(super) fn by_code(
    action: &'static str,
    resource: &str,
    code: &str,
    message: &str,
) -> CloudError {
    if EXPIRED.contains(&code) || EXPIRED_MESSAGES.iter().any(|m| message.contains(m)) {
        let cause = format!(
            "the clock of this host is wrong ({code}: {message}): have it set, as chrony does from 169.254.169.123"
        );
        return CloudError::Failed { action, cause };
    }
    if DENIED.contains(&code) {
        let (action, resource) = named_in(message).unwrap_or((action, resource));
        return CloudError::Denied {
            action: action.to_owned(),
            resource: resource.to_owned(),
        };
    }
    if THROTTLED.contains(&code) {
        return CloudError::Throttled { action };
    }
    CloudError::Failed {
        action,
        cause: format!("{code}: {message}"),
    }
}

/// AWS's message names what is really missing: reading a secret parameter may be allowed
/// and its key not.
fn named_in(message: &str) -> Option<(&str, &str)> {
    let rest = message.split_once("to perform: ")?.1;
    let (action, rest) = rest.split_once(' ')?;
    let resource = rest.strip_prefix("on resource: ")?;
    let end = resource.find(char::is_whitespace).unwrap_or(resource.len());
    Some((action, &resource[..end]))
}

/// Nothing to sign with: in the words of instance metadata, where the cause is there.
pub(super) fn without_credentials(error: &(dyn Error + 'static)) -> CloudError {
    let all = causes(error);
    CloudError::NoCredentials(NoCredentials::among(&all).unwrap_or_else(|| chain(&all)))
}

/// An error of the connection, with all its causes.
pub(super) fn whole(error: &(dyn Error + 'static)) -> String {
    chain(&causes(error))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn Error + 'static)| (*e).source()).collect()
}

/// The whole chain in one line: the SDK's outer error says no more than "dispatch failure".
fn chain(causes: &[&(dyn Error + 'static)]) -> String {
    let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_action_that_is_really_missing() {
        let message = "User: arn:aws:sts::1:assumed-role/worker/i-1 is not authorized to \
            perform: kms:Decrypt on resource: arn:aws:kms:r:1:key/k because no \
            identity-based policy allows the kms:Decrypt action";
        let error = by_code("ssm:GetParameter", "/t", "AccessDeniedException", message);
        let expected = CloudError::Denied {
            action: "kms:Decrypt".into(),
            resource: "arn:aws:kms:r:1:key/k".into(),
        };
        assert_eq!(error, expected);
    }

    #[test]
    fn a_wrong_clock_is_said_to_be_one() {
        let message = "Signature expired: 20261124T180000Z is now earlier than 20261124T195500Z";
        for (code, message) in [
            ("InvalidSignatureException", message),
            ("SignatureDoesNotMatch", message),
            ("RequestExpired", "Request has expired."),
        ] {
            let error = by_code("ssm:GetParameter", "/t", code, message);
            let text = error.to_string();
            assert!(matches!(error, CloudError::Failed { .. }), "{text}");
            assert!(text.contains("clock of this host"), "{text}");
        }
    }

    #[test]
    fn denied_throttled_and_failed_are_three_things() {
        let sorted = |code| by_code("ssm:GetParameter", "/t", code, "");
        assert!(
            matches!(sorted("AccessDeniedException"), CloudError::Denied { action, resource }
            if action == "ssm:GetParameter" && resource == "/t")
        );
        assert!(matches!(
            sorted("UnauthorizedOperation"),
            CloudError::Denied { .. }
        ));
        assert!(matches!(
            sorted("ThrottlingException"),
            CloudError::Throttled { .. }
        ));
        assert!(matches!(
            sorted("RequestLimitExceeded"),
            CloudError::Throttled { .. }
        ));
        assert!(matches!(
            sorted("TooManyUpdates"),
            CloudError::Throttled { .. }
        ));
        assert!(matches!(
            sorted("InternalServerError"),
            CloudError::Failed { .. }
        ));
    }
}
