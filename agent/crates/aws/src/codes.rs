//! AWS's codes, by what they mean: the same thing has another name with each service and protocol.

/// A missing permission.
const DENIED: [&str; 5] = [
    "AccessDeniedException",
    "AccessDenied",
    "UnauthorizedOperation",
    "AllAccessDisabled",
    "NotAuthorized",
];

/// "Ask later": the list of botocore's standard mode, S3's and EC2's own words, and what two writers at once hear from
/// Parameter Store (`TooManyUpdates`) and from Auto Scaling (`ResourceContention`).
const THROTTLED: [&str; 17] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    "TooManyUpdates",
    "ResourceContention",
    "ResourceContentionFault",
];

/// S3 tells KMS's codes so.
const S3_OF_KMS: &str = "KMS.";
/// A key that cannot be used: KMS's own codes, and Parameter Store's for all of them.
const KEY: [&str; 6] = [
    "InvalidKeyId",
    "DisabledException",
    "KMSInvalidStateException",
    "KeyUnavailableException",
    "InvalidKeyUsageException",
    "IncorrectKeyException",
];
/// KMS's words about the key of a value, also where the code says that access is denied: the key was deleted.
const NO_SUCH_KEY: &str = "refers to a customer master key that does not exist";

/// What a person can do about a code that is about nothing else here.
pub(super) fn advice(code: &str) -> Option<&'static str> {
    match code {
        "ParameterMaxVersionLimitExceeded" => Some(
            "a label holds on to the oldest of the parameter's 100 versions: take it off (aws ssm \
             unlabel-parameter-version)",
        ),
        "ParameterLimitExceeded" => {
            Some("the account holds as many parameters as it may: delete some, or raise the quota")
        }
        _ => None,
    }
}

pub(super) fn is_denial(code: &str) -> bool {
    DENIED.contains(&code)
}

pub(super) fn is_throttle(code: &str) -> bool {
    THROTTLED.contains(&code.trim_start_matches(S3_OF_KMS))
}

pub(super) fn is_for_the_key(code: &str, message: &str) -> bool {
    let of_kms = code.strip_prefix(S3_OF_KMS);
    let is_gone = of_kms == Some("NotFoundException") || message.contains(NO_SUCH_KEY);
    KEY.contains(&of_kms.unwrap_or(code)) || is_gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_key_is_known_by_code_or_by_words() {
        let gone = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
            or you are not allowed to access.";
        assert!(is_for_the_key("AccessDeniedException", gone));
        assert!(is_for_the_key("InvalidKeyId", "arn:k is disabled."));
        assert!(is_for_the_key("KMS.DisabledException", ""));
        assert!(is_for_the_key("KMS.NotFoundException", ""));
        assert!(!is_for_the_key("NotFoundException", ""));
        assert!(!is_for_the_key("KMS.ThrottlingException", ""));
        assert!(!is_for_the_key("AccessDeniedException", "kms:Decrypt"));
    }

    #[test]
    fn every_word_for_too_many_requests_is_known() {
        let words = "Throttling ThrottlingException ThrottledException RequestThrottledException \
            TooManyRequestsException ProvisionedThroughputExceededException TransactionInProgressException \
            RequestLimitExceeded BandwidthLimitExceeded LimitExceededException RequestThrottled SlowDown \
            PriorRequestNotComplete EC2ThrottledException TooManyUpdates ResourceContention KMS.ThrottlingException";
        for code in words.split_whitespace() {
            assert!(is_throttle(code), "{code}");
        }
        // These are limits that waiting does not lift.
        for code in [
            "ParameterLimitExceeded",
            "LimitExceeded",
            "ParameterMaxVersionLimitExceeded",
        ] {
            assert!(!is_throttle(code), "{code}");
        }
    }
}
