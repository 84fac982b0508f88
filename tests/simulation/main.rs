//! Whole clusters in virtual time: the real loop of every node's agent against simulated engines,
//! network and AWS, with faults.
//!
//! ```text
//! cargo test --test simulation                          some hundred clusters and fleets, and many nodes at once
//! SIMULATION_SEEDS=10000 cargo test --test simulation
//! SIMULATION_SEEDS=4000..5000 cargo test --test simulation fleets
//! SIMULATION_SEED=42 cargo test --test simulation fleets  one fleet again, with its story (or: clusters, managers)
//! ```
//!
//! `report` has the command for what scale costs.

mod cluster;
mod edges;
mod faults;
mod fleet;
mod guard;
mod leader;
mod listing;
mod node;
mod random;
mod report;
mod scale;
mod scale_in;
mod story;
mod world;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use swarmlet::config::Settings;

use scale::{Crowd, Numbers};
use world::aws::READS;

/// As many as fit into a minute on two slow processors.
const SEEDS: u64 = 300;
const FLEETS: u64 = 100;
const UNHOOKED: u64 = 60;
const OUTAGES: u64 = 6;
/// All of 1,000 workers that boot at once have joined a swarm that stands.
const IN_TIME: Duration = Duration::from_secs(30);
/// The same while the swarm forms, in the middle one of the runs: its first manager is one of those that Parameter Store
/// refuses, and how soon it gets through is chance. Of 68 seeds 12 took longer than a minute, half of them less than 47 s.
const IN_TIME_WHILE_FORMING: Duration = Duration::from_mins(1);

fn main() {
    if std::env::args().any(|argument| argument == guard::QUIET) {
        return virtually(guard::quiet_cluster);
    }
    if std::env::args().any(|argument| argument == guard::CROWDED) {
        return virtually(guard::quiet_leader);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let mut trials = vec![Trial::test(
        "clusters_under_faults_become_whole_again",
        clusters,
    )];
    trials.push(Trial::test(
        "fleets_that_come_and_go_become_whole_again",
        fleets,
    ));
    trials.push(Trial::test(
        "managers_without_hooks_keep_their_quorum",
        unhooked,
    ));
    trials.push(Trial::test(
        "forty_nodes_and_strangers_outlast_an_hour_without_ec2",
        outages,
    ));
    trials.push(Trial::test(
        "each_rule_of_a_fleet_is_seen_when_it_is_broken",
        fleet::mischief::check,
    ));
    trials.push(Trial::test(
        "hot_paths_take_as_many_instructions_as_they_did",
        guard::check,
    ));
    for (workers, formed) in [
        (10, false),
        (100, false),
        (1000, false),
        (10, true),
        (100, true),
        (1000, true),
    ] {
        let when = if formed {
            "join_a_swarm"
        } else {
            "form_a_swarm"
        };
        let name = format!("{workers}_workers_at_once_{when}");
        trials.push(Trial::test(name, move || crowd(workers, formed)));
    }
    trials.push(Trial::test(
        "workers_that_are_scaled_in_at_once_leave_others_their_rate",
        scale_in::check,
    ));
    trials.push(Trial::test("scale_report", report::run).with_ignored_flag(true));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Which seeds: one, so many, or a range of them.
fn chosen(usual: u64) -> Result<Range<u64>, Failed> {
    if let Ok(seed) = std::env::var("SIMULATION_SEED") {
        story::tell();
        let seed: u64 = seed.parse()?;
        return Ok(seed..seed + 1);
    }
    let Ok(seeds) = std::env::var("SIMULATION_SEEDS") else {
        return Ok(0..usual);
    };
    match seeds.split_once("..") {
        Some((first, end)) => Ok(first.parse()?..end.parse()?),
        None => Ok(0..seeds.parse()?),
    }
}

/// Runs a simulation to its end, in its own thread's virtual time.
fn virtually<T>(work: impl AsyncFnOnce(Settings) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, work(Settings::default()))
}

fn clusters() -> Result<(), Failed> {
    let one = |seed| virtually(|settings| cluster::simulate(seed, settings));
    seeds(SEEDS, "clusters", one).map(drop)
}

/// Each thing that a rule is about takes place in some of them.
fn fleets() -> Result<(), Failed> {
    let one = |seed| virtually(|settings| fleet::simulate(seed, None, settings));
    let tallies = seeds(FLEETS, "fleets", one)?;
    tried(&tallies, FLEETS, &fleet::TRIED)
}

fn tried(tallies: &[fleet::Tally], usual: u64, all: &[&str]) -> Result<(), Failed> {
    let mut sum = fleet::Tally::new();
    for (what, count) in tallies.iter().flatten() {
        *sum.entry(what).or_default() += count;
    }
    eprintln!("  {sum:?}");
    let missing = all.iter().find(|what| !sum.contains_key(**what));
    let few = tallies.len() < usize::try_from(usual)?;
    match missing.filter(|_| !few) {
        Some(what) => Err(format!("no {what} in any of them, so nothing is shown").into()),
        None => Ok(()),
    }
}

/// The same of managers whose group ends them at once.
fn unhooked() -> Result<(), Failed> {
    let one = |seed| virtually(|settings| fleet::unhooked::simulate(seed, None, settings));
    let tallies = seeds(UNHOOKED, "fleets whose managers have no hook", one)?;
    tried(&tallies, UNHOOKED, &fleet::unhooked::TRIED)
}

/// Strangers come and go, and EC2 says nothing of anybody.
fn outages() -> Result<(), Failed> {
    let one = |seed| virtually(|settings| fleet::outage::simulate(seed, settings));
    let tallies = seeds(OUTAGES, "swarms of forty without EC2 for an hour", one)?;
    tried(&tallies, OUTAGES, &fleet::outage::TRIED)
}

/// Runs a simulation for each seed, on all processors; what came of them.
fn seeds<T: Send>(
    usual: u64,
    what: &str,
    one: impl Fn(u64) -> Result<T, String> + Sync,
) -> Result<Vec<T>, Failed> {
    let seeds = chosen(usual)?;
    let started = Instant::now();
    let (next, done) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| one_after_another(&next, seeds.end, &done, &one));
        }
    });
    let (count, took) = (seeds.end - seeds.start, started.elapsed().as_secs_f64());
    eprintln!("\n  {count} {what} in {took:.1} s");
    let done = done.into_inner()?;
    match count - u64::try_from(done.len())? {
        0 => Ok(done),
        failed => Err(format!("{failed} failed; SIMULATION_SEED=n runs one again").into()),
    }
}

fn one_after_another<T>(
    next: &AtomicU64,
    end: u64,
    done: &Mutex<Vec<T>>,
    one: impl Fn(u64) -> Result<T, String>,
) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        match one(seed) {
            Ok(told) => done.lock().expect("nobody panicked with it").push(told),
            Err(why) => eprintln!("\n  SIMULATION_SEED={seed}: {why}"),
        }
    }
}

fn crowd(workers: usize, formed: bool) -> Result<(), Failed> {
    let crowd = Crowd {
        workers,
        formed,
        reads_a_second: READS,
    };
    let runs = 5;
    let all = (1..=runs).map(|seed| virtually(|settings| scale::simulate(seed, crowd, settings)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(Numbers::last);
    let middle = all.get(all.len() / 2).map(Numbers::last).ok_or("no runs")?;
    let numbers = all.last().ok_or("no runs")?;
    eprintln!(
        "\n  {crowd:?}; the slowest of {runs}: ticket after {:.1} s, last join after {:.1} s, {:.1} reads a node (at most {}), {} refused",
        numbers.published.as_secs_f64(),
        numbers.last().as_secs_f64(),
        numbers.mean,
        numbers.most,
        numbers.refused
    );
    let in_time = if formed {
        numbers.last() <= IN_TIME
    } else {
        middle <= IN_TIME_WHILE_FORMING
    };
    if in_time {
        return Ok(());
    }
    Err("the last node joined too late".into())
}
