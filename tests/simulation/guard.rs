//! How many instructions the hot paths take in a small cluster's quiet life: counted by callgrind,
//! so that the number does not depend on what else the machine does. A change that makes one of
//! them dearer has to say so here.
//!
//! The counts are those of the development profile: dearer than a release's, in the same places.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use swarmlet::config::Settings;
use swarmlet::swarm::Role;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::node;
use crate::world::{World, physics};

/// Given to this program itself, under callgrind.
pub(crate) const QUIET: &str = "--quiet-cluster";
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

const DECIDE: &str = "swarmlet::swarm::decide::decide";
const PARSE: &str = "swarmlet::swarm::ticket::Ticket::parse";
const CHORES: &str =
    "swarmlet::run::chores::<impl swarmlet::run::Agent<O>>::do_chores::{{closure}}";
const EVERYTHING: &str = "PROGRAM TOTALS";

const PATHS: [HotPath; 4] = [
    HotPath {
        what: "a decision",
        function: DECIDE,
        per: Some(DECIDE),
        expected: 734,
    },
    HotPath {
        what: "reading a ticket",
        function: PARSE,
        per: Some(PARSE),
        expected: 74_598,
    },
    HotPath {
        what: "a round, its engine and network simulated",
        function: EVERYTHING,
        per: Some(DECIDE),
        expected: 733_843,
    },
    HotPath {
        what: "the leader's chores for ten nodes in half an hour",
        function: CHORES,
        per: None,
        expected: 78_629_583,
    },
];

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

/// Runs it under callgrind and holds each path to its count.
pub(crate) fn check() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("callgrind.out");
    run(Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(std::env::current_exe()?)
        .arg(QUIET))?;
    let listing = annotate(&counts)?;
    let mut wrong = Vec::new();
    for path in &PATHS {
        let times = path
            .per
            .map_or(Ok(1), |function| calls(&listing, function))?;
        let each = total(&listing, path.function)? / times.max(1);
        eprintln!("\n  {}: {each} instructions, {times} times", path.what);
        if each.abs_diff(path.expected) * 100 > path.expected * TOLERANCE {
            let expected = path.expected;
            wrong.push(format!(
                "{}: {each} instructions, not {expected}",
                path.what
            ));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let wrong = wrong.join("; ");
    Err(format!("{wrong}; where that is right, write it into tests/simulation/guard.rs").into())
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
