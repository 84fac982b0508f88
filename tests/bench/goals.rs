//! The goals, each held against what was measured in the same run.

use crate::results::{Results, Summary};
use crate::rules::{Kind, RULES, Rule};

/// One goal and how far it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    pub(crate) measured: String,
    /// What it is held against.
    pub(crate) against: String,
    pub(crate) wanted: &'static str,
    /// In the goal's own terms.
    pub(crate) comes_to: String,
    pub(crate) met: bool,
}

/// Those that this run, or an earlier one, has measured.
pub(crate) fn all(results: &Results) -> Vec<Goal> {
    let judged = RULES.iter().filter_map(|rule| judge(rule, results));
    judged.collect()
}

fn judge(rule: &Rule, results: &Results) -> Option<Goal> {
    let own = results.of(rule.series)?;
    let other = match rule.against {
        Some(name) => Some(results.of(name)?),
        None => None,
    };
    let than = other.map_or(1.0, |other| other.median);
    let (comes_to, met) = match rule.kind {
        Kind::Times(most) => (
            format!("{:.2} ×", own.median / than),
            own.median <= most * than,
        ),
        Kind::Slower(least) => (
            format!("{:.1} × slower", than / own.median),
            than >= least * own.median,
        ),
        Kind::Over(most) => (
            format!("{:+.2} s", own.median - than),
            own.median - than <= most,
        ),
        Kind::Most(most, unit) => (shown(own.median, unit), own.most <= most),
    };
    let unit = match rule.kind {
        Kind::Most(_, unit) => unit,
        _ => "s",
    };
    Some(Goal {
        what: rule.what,
        measured: spread(own, unit),
        against: other.map_or("-".to_owned(), |other| spread(other, "s")),
        wanted: rule.goal,
        comes_to,
        met,
    })
}

/// The middle one, and from the least to the most where there are several.
pub(crate) fn spread(of: Summary, unit: &str) -> String {
    let middle = shown(of.median, unit);
    if of.count == 1 {
        return middle;
    }
    let digits = digits(of.median);
    format!("{middle} ({:.digits$}–{:.digits$})", of.least, of.most)
}

fn shown(value: f64, unit: &str) -> String {
    let digits = digits(value);
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

/// Three figures say all that such measurements do.
fn digits(value: f64) -> usize {
    match value.abs() {
        large if large >= 100.0 => 0,
        some if some >= 10.0 => 1,
        zero if zero < f64::EPSILON => 0,
        small if small < 1.0 => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(values: &[(&str, f64)]) -> Results {
        let mut results = Results::default();
        for (name, value) in values {
            results.add(name, "s", *value);
        }
        results
    }

    #[test]
    fn a_goal_is_held_against_the_same_run() {
        let results = measured(&[
            ("join/swarmlet", 0.15),
            ("join/hand", 0.13),
            ("join/script", 0.7),
        ]);
        let goals = all(&results);
        let told: Vec<_> = goals.iter().map(|g| (g.comes_to.as_str(), g.met)).collect();
        assert_eq!(told, [("1.15 ×", true), ("4.7 × slower", false)]);
    }

    #[test]
    fn seconds_over_and_absolute_limits() {
        let results = measured(&[
            ("boot/swarmlet", 2.0),
            ("boot/hand", 1.5),
            ("binary/size", 11.5),
            ("agent-killed/left-ready", 0.0),
        ]);
        let goals = all(&results);
        let told: Vec<_> = goals.iter().map(|g| (g.comes_to.as_str(), g.met)).collect();
        assert_eq!(
            told,
            [("+0.50 s", false), ("11.5 MiB", true), ("0 times", true)]
        );
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        assert!(all(&Results::default()).is_empty());
    }
}
