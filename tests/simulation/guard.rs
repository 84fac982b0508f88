//! How many instructions the hot paths take in a small cluster's quiet life, and in that of a leader
//! of many nodes: counted by callgrind, so that the number does not depend on what else the machine
//! does. A change that makes one of them dearer has to say so here.
//!
//! The counts are those of the development profile: dearer than a release's, in the same places; and
//! those of the compiler that `rust-toolchain.toml` names.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use protocol::Role;
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::leader;
use crate::node;
use crate::world::{World, physics};

/// Given to this program itself, under callgrind.
pub(crate) const QUIET: &str = "--quiet-cluster";
/// See [`QUIET`].
pub(crate) const CROWDED: &str = "--quiet-leader";
/// The leader's nodes then.
const CROWD: usize = 300;
const TOOLCHAIN: &str = include_str!("../../rust-toolchain.toml");
/// A path may differ by so many hundredths: another version of a library, another standard library.
const TOLERANCE: u64 = 10;

/// A function, and the instructions that it takes with all that it calls.
struct HotPath {
    what: &'static str,
    function: &'static str,
    /// A call of this function is one time; the whole run is, if there is none.
    per: Option<&'static str>,
    expected: u64,
}

const DECIDE: &str = "swarmlet_protocol::node::decide::decide";
const PARSE: &str = "swarmlet_protocol::facts::ticket::Ticket::parse";
const CHORES: &str = "swarmlet::run::chores::leader::Leader::round::{{closure}}";
const EVERYTHING: &str = "PROGRAM TOTALS";

/// In a cluster of ten whose nodes all have agents.
const SMALL: [HotPath; 4] = [
    HotPath {
        what: "a decision",
        function: DECIDE,
        per: Some(DECIDE),
        expected: 594,
    },
    HotPath {
        what: "reading a ticket",
        function: PARSE,
        per: Some(PARSE),
        expected: 46_420,
    },
    HotPath {
        what: "a round, its engine and network simulated",
        function: EVERYTHING,
        per: Some(DECIDE),
        expected: 565_249,
    },
    HotPath {
        what: "the leader's chores for ten nodes in half an hour",
        function: CHORES,
        per: None,
        expected: 31_493_960,
    },
];

/// What grows with the number of nodes: twice as dear is twice as dear for 5,000 too.
const LARGE: [HotPath; 1] = [HotPath {
    what: "the leader's chores while 300 nodes come and rest for an hour",
    function: CHORES,
    per: None,
    expected: 1_037_196_375,
}];

/// Three managers and seven workers form a swarm and live quietly for half an hour.
pub(crate) async fn quiet_cluster(settings: Settings) {
    let world = World::new(1, settings);
    world.with(|state| state.aws.calm = true);
    spawn_local(physics::run(world.clone()));
    for number in 0..10 {
        let role = if number < 3 {
            Role::Manager
        } else {
            Role::Worker
        };
        node::launch(&world, role, 0, 1_000);
    }
    sleep(Duration::from_mins(30)).await;
    world
        .with(|state| state.whole())
        .expect("a cluster without faults is whole");
}

/// One leader, and many nodes that join and rest for an hour.
pub(crate) async fn quiet_leader(settings: Settings) {
    leader::rest(CROWD, settings).await;
}

/// Runs both under callgrind and holds each path to its count.
pub(crate) fn check() -> Result<(), Failed> {
    is_pinned()?;
    let mut wrong = count(QUIET, &SMALL)?;
    wrong.extend(count(CROWDED, &LARGE)?);
    if wrong.is_empty() {
        return Ok(());
    }
    let wrong = wrong.join("; ");
    Err(format!("{wrong}; where that is right, write it into tests/simulation/guard.rs").into())
}

/// Another compiler's counts are others.
fn is_pinned() -> Result<(), Failed> {
    let mut words = TOOLCHAIN.split('"');
    let named = words.find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let named = named.ok_or("cannot read rust-toolchain.toml: it names no version")?;
    let told = run(Command::new("rustc").arg("--version"))?;
    if told.split(' ').nth(1) == Some(named) {
        return Ok(());
    }
    let told = told.trim();
    Err(
        format!("cannot hold the counts of Rust {named} against those of {told}: use Rust {named}")
            .into(),
    )
}

/// What of these paths takes another number of instructions than it did.
fn count(life: &str, paths: &[HotPath]) -> Result<Vec<String>, Failed> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("callgrind.out");
    run(Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(std::env::current_exe()?)
        .arg(life))?;
    let listing = annotate(&counts)?;
    let mut wrong = Vec::new();
    for path in paths {
        let times = path
            .per
            .map_or(Ok(1), |function| calls(&listing, function))?;
        let each = total(&listing, path.function)? / times.max(1);
        let (what, expected) = (path.what, path.expected);
        eprintln!("\n  {what}: {each} instructions, {times} times");
        if each.abs_diff(expected) * 100 > expected * TOLERANCE {
            wrong.push(format!("{what}: {each} instructions, not {expected}"));
        }
    }
    Ok(wrong)
}

fn annotate(counts: &Path) -> Result<String, Failed> {
    let arguments = [
        "--inclusive=yes",
        "--tree=caller",
        "--threshold=100",
        "--auto=no",
    ];
    run(Command::new("callgrind_annotate")
        .args(arguments)
        .arg(counts))
}

fn run(command: &mut Command) -> Result<String, Failed> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {program}: {error}; scripts/bootstrap installs it"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("cannot count with {program}: {told}").into())
}

/// Whether it is the function's own line: `1,234 ( 5.1%)  *  file:function [program]`.
fn is_own(line: &str, function: &str) -> bool {
    let named = line.split_once(" [").map_or(line, |(named, _)| named);
    named.ends_with(EVERYTHING) && function == EVERYTHING
        || line.contains(" * ") && named.ends_with(&format!(":{function}"))
}

fn total(listing: &str, function: &str) -> Result<u64, Failed> {
    let own = listing.lines().filter(|line| is_own(line, function));
    let numbers = own.filter_map(first_number);
    numbers
        .max()
        .ok_or_else(|| format!("cannot find {function} in callgrind's listing").into())
}

/// The sum over its callers: `1,234 ( 5.1%)  < file:caller (12x) [program]`, above its own line.
fn calls(listing: &str, function: &str) -> Result<u64, Failed> {
    let mut calls = 0;
    for line in listing.lines() {
        if line.contains(" < ") {
            calls += line.rsplit_once('(').map_or(0, |(_, times)| {
                let digits = times.split_once("x)").map_or("", |(digits, _)| digits);
                digits.replace(',', "").parse().unwrap_or(0)
            });
        } else if is_own(line, function) {
            return Ok(calls);
        } else {
            calls = 0;
        }
    }
    Err(format!("cannot find the callers of {function} in callgrind's listing").into())
}

fn first_number(line: &str) -> Option<u64> {
    let digits = line.trim_start().split(' ').next()?;
    digits.replace(',', "").parse().ok()
}
