//! The goals, each held against what was measured in the same run.

use crate::results::{Results, Summary};

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

/// How a goal is put.
enum Kind {
    /// At most so many times the other.
    Times(f64),
    /// The other is at least so many times as slow.
    Slower(f64),
    /// At most so many seconds more than the other.
    Over(f64),
    /// At most so much.
    Most(f64, &'static str),
}

struct Rule {
    what: &'static str,
    series: &'static str,
    against: Option<&'static str>,
    goal: &'static str,
    kind: Kind,
}

const fn rule(
    what: &'static str,
    series: &'static str,
    against: Option<&'static str>,
    goal: &'static str,
    kind: Kind,
) -> Rule {
    Rule {
        what,
        series,
        against,
        goal,
        kind,
    }
}

const RULES: &[Rule] = &[
    rule(
        "a worker, its engine up: start of the service to Ready",
        "join/swarmlet",
        Some("join/hand"),
        "at most 1.25 × the join by hand",
        Kind::Times(1.25),
    ),
    rule(
        "a worker's whole boot: systemd's start to Ready",
        "boot/swarmlet",
        Some("boot/hand"),
        "at most 0.3 s over engine and join by hand",
        Kind::Over(0.3),
    ),
    rule(
        "the usual user-data script, its engine up",
        "join/swarmlet",
        Some("join/script"),
        "at least 5 × slower than swarmlet",
        Kind::Slower(5.0),
    ),
    rule(
        "the usual user-data script, whole boot",
        "boot/swarmlet",
        Some("boot/script"),
        "at least 5 × slower than swarmlet",
        Kind::Slower(5.0),
    ),
    rule(
        "the first manager: start of the service to its ticket in Parameter Store",
        "first/swarmlet",
        Some("first/hand"),
        "at most 1.25 × `docker swarm init`",
        Kind::Times(1.25),
    ),
    rule(
        "the second and third manager: start to both Reachable",
        "others/swarmlet",
        Some("others/hand"),
        "at most 1.25 × joins and promotions by hand",
        Kind::Times(1.25),
    ),
    rule(
        "memory of its own, idle worker (binary and private pages)",
        "idle-worker/own",
        None,
        "at most 12 MiB",
        Kind::Most(12.0, "MiB"),
    ),
    rule(
        "resident memory, idle worker (RSS)",
        "idle-worker/rss",
        None,
        "at most 20 MiB",
        Kind::Most(20.0, "MiB"),
    ),
    rule(
        "the binary, stripped",
        "binary/size",
        None,
        "at most 12 MiB",
        Kind::Most(12.0, "MiB"),
    ),
    rule(
        "processor time, idle worker",
        "idle-worker/cpu seconds an hour",
        None,
        "under 1 s an hour",
        Kind::Most(1.0, "s"),
    ),
    rule(
        "AWS calls of a healthy worker",
        "idle-worker/aws calls an hour",
        None,
        "none",
        Kind::Most(0.0, "an hour"),
    ),
    rule(
        "1,000 workers at once, 40 reads a second (simulated)",
        "simulated/1000 workers join",
        None,
        "all joined within 30 s",
        Kind::Most(30.0, "s"),
    ),
    rule(
        "the engine killed: to Ready",
        "engine-killed/swarmlet",
        Some("engine-killed/hand"),
        "at most 1 s over Docker's own",
        Kind::Over(1.0),
    ),
    rule(
        "the machine reset: to Ready",
        "machine-reset/swarmlet",
        Some("machine-reset/hand"),
        "at most 1 s over Docker's own",
        Kind::Over(1.0),
    ),
    rule(
        "the agent killed: how often the node left Ready",
        "agent-killed/left-ready",
        None,
        "never",
        Kind::Most(0.0, "times"),
    ),
];

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
