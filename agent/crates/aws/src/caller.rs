//! AWS does not take this instance for who it is: its clock, its credentials, or the region. No policy cures that.

use super::words::with_code;

/// From so many seconds on AWS refuses what was signed then: 300, less what `Date` leaves out and an answer takes.
const REFUSED: f64 = 285.0;

/// A request that was signed too long ago, or in the future; also of credentials past their time, by EC2.
const EXPIRED: [&str; 2] = ["RequestExpired", "RequestTimeTooSkewed"];
/// What the message says where the code says no more than that the signature is wrong.
const EXPIRED_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];
/// Credentials past their time.
const STALE: [&str; 2] = ["ExpiredToken", "ExpiredTokenException"];
/// Credentials that nobody knows there. EC2 says the first also of a wrong clock.
const UNKNOWN: [&str; 8] = [
    "AuthFailure",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidToken",
    "InvalidSecurity",
    "NotSignedUp",
    "InvalidIdentityToken",
];
/// A signature that does not fit.
const FORGED: [&str; 4] = [
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "IncompleteSignatureException",
];
/// The account has not, or not yet, what is asked for.
const CLOSED: [&str; 5] = [
    "OptInRequired",
    "SubscriptionRequiredException",
    "PendingVerification",
    "Blocked",
    "AccountProblem",
];

/// Why AWS does not take the caller, and what to do; nothing where the code is about something else. `offset`: how
/// far AWS's clock is ahead of this host's, in seconds, by the answer's own date.
pub(super) fn explain(code: &str, message: &str, offset: Option<f64>) -> Option<String> {
    let said = with_code(code, message);
    let is = |codes: &[&str]| codes.contains(&code);
    let timed = EXPIRED_MESSAGES.iter().any(|words| message.contains(words));
    if !(timed || is(&EXPIRED) || is(&STALE) || is(&UNKNOWN) || is(&FORGED) || is(&CLOSED)) {
        return None;
    }
    if let Some(wrong) = wrong_by(offset).filter(|_| !is(&CLOSED)) {
        return Some(format!(
            "the clock of this host is wrong by {wrong} ({said}): have it set, as chrony does from 169.254.169.123"
        ));
    }
    let right = offset.is_some();
    Some(match () {
        () if timed || code == "RequestTimeTooSkewed" => skewed(&said, right),
        () if right && is(&EXPIRED) || is(&STALE) => stale(&said),
        () if is(&EXPIRED) => skewed(&said, right),
        () if is(&FORGED) => forged(&said),
        () if is(&CLOSED) => closed(&said),
        () => unknown(&said),
    })
}

/// AWS says so itself.
fn skewed(said: &str, right: bool) -> String {
    if right {
        return format!(
            "the clock of this host was wrong, or the machine stood still, when it asked ({said}): it is right now"
        );
    }
    format!(
        "the clock of this host is wrong ({said}): have it set, as chrony does from 169.254.169.123"
    )
}

fn stale(said: &str) -> String {
    format!(
        "the credentials of the instance's role are past their time, though the clock is not wrong ({said}): instance \
         metadata gave none that are newer; they are asked for again"
    )
}

fn unknown(said: &str) -> String {
    format!(
        "AWS does not know the credentials of the instance's role there ({said}): is the region switched on for the \
         account, does aws.region name the right one, was the role deleted and made anew? They are asked for again"
    )
}

fn forged(said: &str) -> String {
    format!(
        "the signature does not fit ({said}): something on the way changes requests, or aws.endpoint_url belongs to \
         another region or service"
    )
}

fn closed(said: &str) -> String {
    format!(
        "the account may not use the service there ({said}): switch the region on for the account, or wait until AWS \
         has verified it"
    )
}

/// By how much a clock is wrong, where that is so much that AWS refuses what it signs. `offset`: how far AWS's is ahead, in
/// seconds.
pub fn wrong_by(offset: Option<f64>) -> Option<String> {
    offset.filter(|offset| offset.abs() >= REFUSED).map(by)
}

/// So far, in the unit that a person would name, and on which side of AWS's clock.
fn by(offset: f64) -> String {
    let minutes = (offset.abs() / 60.0).round();
    let size = match minutes {
        ..120.0 => format!("{minutes} minutes"),
        ..2880.0 => format!("{} hours", (minutes / 60.0).round()),
        _ => format!("{} days", (minutes / 1440.0).round()),
    };
    let way = if offset > 0.0 { "behind" } else { "ahead of" };
    format!("{size}, {way} AWS's")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_VALIDATED: &str = "AWS was not able to validate the provided access credentials";

    #[test]
    fn a_wrong_clock_is_told_by_how_much_whatever_the_service_calls_it() {
        for (code, message) in [
            ("AuthFailure", NOT_VALIDATED),
            ("RequestExpired", "Request has expired."),
            (
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            (
                "InvalidSignatureException",
                "Signature expired: 20261124T180000Z is now earlier than 20261124T195500Z",
            ),
            (
                "SignatureDoesNotMatch",
                "Signature not yet current: 20261124T195500Z is still later than 20261124T180000Z",
            ),
            (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
        ] {
            let text = explain(code, message, Some(900.0)).unwrap_or_default();
            let expected = "the clock of this host is wrong by 15 minutes, behind AWS's (";
            assert!(text.starts_with(expected), "{text}");
            assert!(text.contains(code), "{text}");
        }
    }

    #[test]
    fn what_a_right_clock_leaves_is_told_apart() {
        for (code, message, part) in [
            ("AuthFailure", NOT_VALIDATED, "is the region switched on"),
            (
                "UnrecognizedClientException",
                "invalid.",
                "is the region switched on",
            ),
            (
                "InvalidClientTokenId",
                "invalid.",
                "is the region switched on",
            ),
            (
                "OptInRequired",
                "You are not authorized",
                "switch the region on for the account",
            ),
            ("RequestExpired", "Request has expired.", "past their time"),
            ("ExpiredToken", "expired", "past their time"),
            ("ExpiredTokenException", "expired", "past their time"),
            (
                "SignatureDoesNotMatch",
                "It does not match.",
                "something on the way changes requests",
            ),
            (
                "InvalidSignatureException",
                "Signature expired: a is now earlier than b",
                "it is right now",
            ),
        ] {
            let text = explain(code, message, Some(-3.0)).unwrap_or_default();
            assert!(text.contains(part), "{text}");
            let known = !text.contains("have it set");
            assert!(known, "{text}");
        }
    }

    #[test]
    fn an_answer_without_a_date_leaves_what_aws_says() {
        let expired = "Signature expired: a is now earlier than b";
        for (code, message) in [
            ("InvalidSignatureException", expired),
            ("SignatureDoesNotMatch", expired),
            ("RequestExpired", "Request has expired."),
        ] {
            let text = explain(code, message, None).unwrap_or_default();
            assert!(
                text.starts_with("the clock of this host is wrong ("),
                "{text}"
            );
        }
    }

    #[test]
    fn other_codes_are_none_of_this() {
        for code in [
            "AccessDeniedException",
            "InternalServerError",
            "ParameterNotFound",
        ] {
            assert_eq!(explain(code, "", Some(900.0)), None, "{code}");
        }
        assert!(
            !explain("OptInRequired", "", Some(900.0))
                .unwrap()
                .contains("clock")
        );
    }

    #[test]
    fn a_size_has_a_unit_that_a_person_would_name() {
        assert_eq!(by(-3_600.0), "60 minutes, ahead of AWS's");
        assert_eq!(by(7_300.0), "2 hours, behind AWS's");
        assert_eq!(by(-864_000.0), "10 days, ahead of AWS's");
    }
}
