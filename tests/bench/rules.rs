//! The goals of the design, each with the series that tell how far it is.

/// How a goal is put.
pub(crate) enum Kind {
    /// At most so many times the other.
    Times(f64),
    /// The other is at least so many times as slow.
    Slower(f64),
    /// At most so many seconds more than the other.
    Over(f64),
    /// At most so much.
    Most(f64, &'static str),
}

/// A goal: what it is about, which series tell, and how.
pub(crate) struct Rule {
    pub(crate) what: &'static str,
    /// What is measured.
    pub(crate) series: &'static str,
    /// What it is held against.
    pub(crate) against: Option<&'static str>,
    pub(crate) goal: &'static str,
    pub(crate) kind: Kind,
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

/// All of them.
pub(crate) const RULES: &[Rule] = &[
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
