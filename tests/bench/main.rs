//! `scripts/bench`: swarmlet, Docker by hand and the usual user-data script, side by side on the machines
//! of a lab that runs. It reports and never fails for a number.
// It panics where nobody reads.
#![warn(clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use lab::{Lab, phase};

mod clock;
mod docker;
mod goals;
mod host;
mod machines;
mod memory;
mod page;
mod pair;
mod picture;
mod results;
mod rows;
mod rules;
mod sight;
mod simulated;
mod trace;
mod trio;

use host::Host;
use pair::Pair;
use results::Results;

/// Measures swarmlet, Docker by hand and the usual user-data script, side by side.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// How often each thing is measured.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Only this row; may be repeated. The others keep the numbers they had.
    #[arg(long, value_enum)]
    only: Vec<Row>,
    /// How many workers scale out at once.
    #[arg(long, default_value_t = 8)]
    workers: u32,
    /// For how many minutes the idle cluster is watched.
    #[arg(long, default_value_t = 3.0)]
    idle: f64,
    /// Once each, few workers, a short idle time: to see that it works. Writes nothing by itself.
    #[arg(long)]
    quick: bool,
    /// Where page, numbers and picture go; by default the folder docs.
    #[arg(long)]
    into: Option<PathBuf>,
    /// The output of the simulation's tests, for the row of 1,000 workers.
    #[arg(long)]
    simulated: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Row {
    /// A worker joins.
    Join,
    /// A worker boots.
    Boot,
    /// The first manager, and three.
    Managers,
    /// Agent, engine and machine are killed.
    Heal,
    /// Many workers at once.
    Scale,
    /// Nothing happens.
    Idle,
}

fn main() -> ExitCode {
    lab::terminal::command("bench", |options| run(options).map(|()| ExitCode::SUCCESS))
}

fn run(mut options: Options) -> Result<()> {
    if options.quick {
        options.rounds = 1;
        options.workers = options.workers.min(3);
        options.idle = options.idle.min(0.3);
    }
    let lab = Lab::attach()?;
    let docs = lab.paths().root.join("docs");
    let mut results = Results::default();
    if !options.quick && !options.only.is_empty() {
        results = Results::read(&docs.join("performance.json"));
    }
    results.host = Host::look()?;
    if let Some(file) = &options.simulated {
        results.note("simulated/1000 workers join", simulated::read(file)?);
    }
    if let Some(folder) = &options.into {
        page::prepare(folder, &docs)?;
    }
    measure(&lab, &options, &mut results)?;
    match options.into {
        Some(folder) => page::write(&results, &folder)?,
        None if options.quick => {}
        None => page::write(&results, &docs)?,
    }
    let (goals, compared) = (page::goals(&results), page::compared(&results));
    lab::terminal::print(format_args!("\n{goals}\n{compared}"))
}

fn measure(lab: &Lab, options: &Options, results: &mut Results) -> Result<()> {
    let wanted = |row: Row| options.only.is_empty() || options.only.contains(&row);
    let name = unique();
    let pair = phase("two swarms", || Pair::create(lab, &name))?;
    results.host.ask(lab, &pair)?;
    let size = machines::shell(lab, &pair.ours.worker.id, "stat -c %s /usr/bin/swarmlet")?;
    let size: f64 = size
        .trim()
        .parse()
        .context("cannot read the binary's size")?;
    results.note("binary/size", size / 1024.0 / 1024.0);
    if wanted(Row::Join) {
        // It takes a second or two: more of them cost little.
        phase("join", || {
            rows::join::measure(lab, &pair, options.rounds * 2, results)
        })?;
    }
    if wanted(Row::Boot) {
        phase("boot", || {
            rows::boot::measure(lab, &pair, options.rounds, results)
        })?;
    }
    if wanted(Row::Managers) {
        let name = format!("{name}-three");
        phase("managers", || {
            rows::managers::measure(lab, &name, options.rounds, results)
        })?;
    }
    if wanted(Row::Scale) {
        let rounds = options.rounds.div_ceil(2);
        phase("scale", || {
            rows::scale::measure(lab, &pair, options.workers, rounds, results)
        })?;
    }
    if wanted(Row::Heal) {
        phase("heal", || {
            rows::heal::measure(lab, &pair, options.rounds, results)
        })?;
    }
    if wanted(Row::Idle) {
        let window = Duration::from_secs_f64(options.idle * 60.0);
        phase("idle", || rows::idle::measure(lab, &pair, window, results))?;
    }
    Ok(())
}

/// A cluster's name that was not used before in this lab: parameters outlive their cluster.
fn unique() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("bench-{}", now.map_or(0, |time| time.as_secs() % 1_000_000))
}
