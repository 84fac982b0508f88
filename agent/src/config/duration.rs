//! Lengths of time as people write them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a length of time such as \"90s\", \"5m\" or \"500ms\""
)]
enum Written {
    Seconds(u64),
    Text(String),
}

/// Reads `"500ms"`, `"90s"`, `"5m"`, `"1h"`, `"7d"`, or a number of seconds.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    match Written::deserialize(from)? {
        Written::Seconds(seconds) => Ok(Some(Duration::from_secs(seconds))),
        Written::Text(text) => parse(&text).map(Some).ok_or_else(|| {
            let cause = "is no length of time: write \"90s\", \"5m\" or \"500ms\"";
            de::Error::custom(format!("{text:?} {cause}"))
        }),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    match unit.trim() {
        "ms" => Some(Duration::from_millis(number)),
        "s" | "" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        "d" => number.checked_mul(86_400).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_need_a_number_and_a_known_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("1s", 1000),
            (" 90 s ", 90_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
            ("7", 7000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "s",
            "1.5s",
            "-1s",
            "1w",
            "1 s s",
            "18446744073709551615h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
