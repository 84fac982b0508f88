//! AWS's own words, as people are shown them: in one line, without secrets, and not without end.

/// So many characters of a message are shown.
const LONGEST: usize = 400;
/// What follows is of no use to a reader: codes for AWS's own people, or the request itself with the session's
/// token in it ("Troubleshoot AWS Signature Version 4 errors", IAM user guide).
const ENDS: [&str; 6] = [
    "(Service: ",
    "Encoded authorization failure message",
    "The Canonical String",
    "The String-to-Sign",
    "x-amz-security-token",
    "X-Amz-Security-Token",
];
/// How secrets of a swarm begin: some messages quote the value that was written.
const SECRETS: [&str; 2] = ["SWMTKN-", "SWMKEY-"];

/// A message as it is shown.
pub(super) fn shown(message: &str) -> String {
    let end = ENDS.iter().filter_map(|mark| message.find(mark)).min();
    let message = &message[..end.unwrap_or(message.len())];
    let words: Vec<&str> = message.split_whitespace().map(harmless).collect();
    let text: String = words.join(" ").chars().take(LONGEST).collect();
    text.trim_end_matches(['.', ' ', ',', ';']).to_owned()
}

fn harmless(word: &str) -> &str {
    let is_secret = SECRETS.iter().any(|mark| word.contains(mark));
    if is_secret { "…" } else { word }
}

/// A code with its message.
pub(super) fn with_code(code: &str, message: &str) -> String {
    let message = shown(message);
    if message.is_empty() {
        code.to_owned()
    } else {
        format!("{code}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_its_full_stop() {
        assert_eq!(shown("Rate\n  exceeded. "), "Rate exceeded");
        assert_eq!(with_code("Blocked", ""), "Blocked");
        assert_eq!(with_code("Blocked", "Why."), "Blocked: Why");
        assert_eq!(shown(&"ä".repeat(1_000)).chars().count(), LONGEST);
    }

    #[test]
    fn no_secret_of_a_request_is_repeated() {
        for message in [
            "The request signature we calculated does not match. The Canonical String for this request should have \
             been 'POST\n/\n\nhost:ssm\nx-amz-security-token:T0KEN\n'",
            "1 validation error detected: Value '{\"token\":\"SWMTKN-1-T0KEN\"}' at 'value' failed",
            "Do not use \"{{}}\" in the value: SWMKEY-1-T0KEN.",
            "You are not authorized. Encoded authorization failure message: T0KEN",
            "headers were host;x-amz-date, X-Amz-Security-Token: T0KEN",
        ] {
            let text = shown(message);
            assert!(!text.contains("T0KEN") && !text.is_empty(), "{text}");
        }
    }
}
