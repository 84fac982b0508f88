//! The clock, against the `Date` of AWS's answers: AWS refuses what was signed at another time.

use super::{Finding, Grade};

const CONCERN: &str = "clock";
const ADVICE: &str =
    "have the clock set, as chrony does from 169.254.169.123, and see `timedatectl`";
/// From here on AWS refuses signatures (in seconds).
const REFUSED: f64 = 300.0;
/// A clock that somebody keeps is nearer than this.
const KEPT: f64 = 30.0;

/// `offset`: how far AWS's clock is ahead, in seconds.
pub(super) fn findings(offset: Option<f64>) -> Vec<Finding> {
    let found = |grade, seen: String| Finding::new(CONCERN, "against AWS", grade, seen);
    let Some(offset) = offset else {
        return vec![found(
            Grade::Skipped,
            "AWS has given no answer to compare with".to_owned(),
        )];
    };
    let way = if offset > 0.0 { "behind" } else { "ahead of" };
    let seen = format!("{:.0} s {way} AWS's clock", offset.abs());
    vec![match offset.abs() {
        // The header has whole seconds.
        size if size < 2.0 => found(Grade::Ok, "the same as AWS's, to the second".to_owned()),
        size if size < KEPT => found(Grade::Ok, seen),
        size if size < REFUSED => found(Grade::Warn, seen).advise(ADVICE),
        _ => found(
            Grade::Fail,
            format!("{seen}: AWS refuses signatures from 300 s on"),
        )
        .advise(ADVICE),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_too_many() {
        for (offset, grade, part) in [
            (None, Grade::Skipped, "no answer"),
            (Some(0.9), Grade::Ok, "the same"),
            (Some(-20.0), Grade::Ok, "20 s ahead of"),
            (Some(45.0), Grade::Warn, "45 s behind"),
            (Some(600.0), Grade::Fail, "600 s behind"),
            (Some(-301.0), Grade::Fail, "301 s ahead of"),
        ] {
            let found = &findings(offset)[0];
            assert_eq!(found.grade, grade, "{found:?}");
            assert!(found.seen.contains(part), "{found:?}");
        }
    }
}
