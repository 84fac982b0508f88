//! How an SDK error becomes one of the agent's.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::no_credentials::NoCredentials;
use super::words::with_code;
use super::{CALLS, CloudError, caller, codes, denial};

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

/// Sorts an error by AWS's own word for it. Whether the clock is wrong is known by the answer's own date.
pub(super) fn by_code(
    action: &'static str,
    resource: &str,
    code: &str,
    message: &str,
) -> CloudError {
    told(action, resource, (code, message), CALLS.clock_offset())
}

fn told(
    action: &'static str,
    resource: &str,
    (code, message): (&str, &str),
    offset: Option<f64>,
) -> CloudError {
    if codes::is_for_the_key(code, message) {
        return CloudError::KeyUnusable {
            action,
            resource: resource.to_owned(),
            cause: with_code(code, message),
        };
    }
    // EC2 has one code for credentials that it does not know and for what they may not do.
    if codes::is_denial(code) || message.contains("is not authorized to perform: ") {
        let read = denial::read(action, message);
        return CloudError::Denied {
            action: read.action.unwrap_or(action).to_owned(),
            resource: read.resource.unwrap_or(resource).to_owned(),
            why: read.why,
        };
    }
    if codes::is_throttle(code) {
        return CloudError::Throttled { action };
    }
    let cause = caller::explain(code, message, offset).unwrap_or_else(|| {
        let said = with_code(code, message);
        codes::advice(code).map_or(said.clone(), |advice| format!("{said}; {advice}"))
    });
    CloudError::Refused { action, cause }
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

    fn of(code: &str, message: &str) -> CloudError {
        told("ssm:GetParameter", "/t", (code, message), Some(0.0))
    }

    #[test]
    fn what_follows_from_an_error_is_told_apart() {
        for (code, message, kind) in [
            ("AccessDeniedException", "", "denied"),
            ("AccessDenied", "", "denied"),
            ("UnauthorizedOperation", "", "denied"),
            (
                "AuthFailure",
                "User: u is not authorized to perform: ec2:DescribeTags",
                "denied",
            ),
            ("AuthFailure", "AWS was not able to validate", "refused"),
            ("UnrecognizedClientException", "", "refused"),
            ("OptInRequired", "", "refused"),
            ("InternalServerError", "", "refused"),
            ("ThrottlingException", "", "throttled"),
            ("TooManyUpdates", "", "throttled"),
            ("ResourceContention", "", "throttled"),
            ("InvalidKeyId", "k is pending deletion.", "key-unusable"),
        ] {
            let error = of(code, message);
            assert_eq!(error.kind(), kind, "{error:?}");
        }
    }

    #[test]
    fn a_denial_names_what_is_missing_and_what_was_asked_otherwise() {
        let message = "User: u is not authorized to perform: kms:Decrypt on resource: arn:k because no \
            resource-based policy allows the kms:Decrypt action";
        let text = of("AccessDeniedException", message).to_string();
        assert!(
            text.starts_with("kms:Decrypt on arn:k is denied (no resource-based"),
            "{text}"
        );
        let text = of("AccessDeniedException", "").to_string();
        assert_eq!(
            text,
            "ssm:GetParameter on /t is denied: allow it in the IAM policy of the instance's role"
        );
    }

    #[test]
    fn what_a_person_can_do_is_told_with_the_code() {
        let message = "Could not create new version since the oldest version has a label";
        let text = of("ParameterMaxVersionLimitExceeded", message).to_string();
        assert!(text.contains("a label holds on to the oldest"), "{text}");
        assert!(text.contains(message), "{text}");
    }

    #[test]
    fn the_answers_own_date_says_whether_the_clock_is_wrong() {
        let told = |offset| {
            let said = (
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
            );
            told("ec2:DescribeTags", "i-1", said, offset).to_string()
        };
        let wrong = "ec2:DescribeTags failed: the clock of this host is wrong by 15 minutes, behind AWS's (AuthFailure";
        assert!(told(Some(900.0)).starts_with(wrong));
        assert!(told(Some(1.0)).contains("is the region switched on"));
    }
}
