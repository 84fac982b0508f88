//! What scale costs, as `docs/performance.md` has it: measured by a command, not in every test.
//!
//! ```text
//! SIMULATION_REPORT=docs/performance.md cargo test --locked --workspace \
//!     --config 'profile.dev.package.swarmlet.opt-level=3' --test simulation -- --ignored scale_report
//! ```

use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::scale::{Crowd, Numbers};
use crate::world::aws::{HIGH_READS, READS};
use crate::{leader, listing, scale, virtually};

const SIZES: [usize; 4] = [10, 100, 1000, 5000];

const JOINS: &str = "\
| workers at once | the swarm | reads a second | last join | median join | all given tasks | reads a worker (at most) | refused a worker | lists of the leader |
|---:|---|---:|---:|---:|---:|---:|---:|---:|
";
const QUIET: &str = "\
| nodes | rounds an hour | lists | changes | EC2 calls | Parameter Store calls | a round, less the list | a list | its client's time |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";
const ENDED: &str = "\
| nodes | terminated | off the list after | lists meanwhile | removals | EC2 calls |
|---:|---:|---:|---:|---:|---:|
";

/// Between these lines of a document its result is kept.
const BEGIN: &str = "<!-- scale:report -->";
const END: &str = "<!-- /scale:report -->";

/// Measures all of it, prints it, and writes it into a document if there is one to write into.
pub(crate) fn run() -> Result<(), Failed> {
    let (joins, joins_told) = joins();
    let (leaders, leaders_told) = leaders();
    let (worker, worker_told) = worker();
    let text = format!("{joins}\n{leaders}\n{worker}\n");
    let told = json!({"joins": joins_told, "leader": leaders_told, "worker": worker_told});
    eprintln!("\n{text}\n{told}");
    match std::env::var_os("SIMULATION_REPORT") {
        None => Ok(()),
        Some(path) => {
            let document = std::fs::read_to_string(&path)?;
            Ok(std::fs::write(&path, filled(&document, &text)?)?)
        }
    }
}

fn filled(document: &str, text: &str) -> Result<String, Failed> {
    let parts = document.split_once(BEGIN);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or("cannot write the report: the document has no place for it")?;
    Ok(format!("{before}{BEGIN}\n{text}{END}{after}"))
}

fn joins() -> (String, Vec<Value>) {
    let (mut text, mut told) = (JOINS.to_owned(), Vec::new());
    for reads_a_second in [READS, HIGH_READS] {
        for formed in [true, false] {
            for workers in SIZES {
                let crowd = Crowd {
                    workers,
                    formed,
                    reads_a_second,
                };
                let numbers = virtually(|settings| scale::simulate(1, crowd, settings));
                eprintln!("  {crowd:?}: last join after {:?}", numbers.last());
                text += &join_row(crowd, &numbers);
                told.push(join_value(crowd, &numbers));
            }
        }
    }
    (text, told)
}

fn join_row(crowd: Crowd, numbers: &Numbers) -> String {
    let swarm = if crowd.formed {
        "stands"
    } else {
        "forms meanwhile"
    };
    format!(
        "| {} | {swarm} | {} | {} | {} | {} | {:.1} ({}) | {:.1} | {} |\n",
        crowd.workers,
        crowd.reads_a_second,
        seconds(numbers.last()),
        seconds(numbers.median()),
        seconds(numbers.active),
        numbers.mean,
        numbers.most,
        scale::each(numbers.refused, crowd.workers),
        numbers.lists,
    )
}

fn join_value(crowd: Crowd, numbers: &Numbers) -> Value {
    json!({
        "workers": crowd.workers,
        "formed_before": crowd.formed,
        "reads_a_second": crowd.reads_a_second,
        "last_join_s": numbers.last().as_secs_f64(),
        "median_join_s": numbers.median().as_secs_f64(),
        "all_active_s": numbers.active.as_secs_f64(),
        "reads_a_worker": numbers.mean,
        "most_reads_of_a_worker": numbers.most,
        "refused": numbers.refused,
        "lists_of_the_leader": numbers.lists,
    })
}

fn leaders() -> (String, Vec<Value>) {
    let (mut quiet, mut ended) = (QUIET.to_owned(), ENDED.to_owned());
    let mut told = Vec::new();
    for nodes in SIZES {
        let numbers = virtually(|settings| leader::simulate(nodes, settings));
        eprintln!("  a leader of {nodes}: {:?} a round", numbers.round);
        let list = listing::cost(nodes);
        quiet += &quiet_row(nodes, &numbers, &list);
        ended += &ended_row(nodes, &numbers);
        told.push(leader_value(nodes, &numbers, &list));
    }
    (format!("{quiet}\n{ended}"), told)
}

fn quiet_row(nodes: usize, numbers: &leader::Numbers, list: &listing::Cost) -> String {
    let quiet = numbers.quiet;
    format!(
        "| {nodes} | {} | {} | {} | {} | {} | {} | {} kB | {} |\n",
        quiet.looks,
        quiet.lists,
        quiet.changes,
        quiet.fleet,
        quiet.reads + quiet.writes,
        millis(numbers.round),
        list.bytes / 1000,
        millis(list.client),
    )
}

fn ended_row(nodes: usize, numbers: &leader::Numbers) -> String {
    let reaping = numbers.reaping;
    format!(
        "| {nodes} | {} | {} | {} | {} | {} |\n",
        numbers.ended,
        seconds(numbers.reaped),
        reaping.lists,
        reaping.changes,
        reaping.fleet,
    )
}

fn leader_value(nodes: usize, numbers: &leader::Numbers, list: &listing::Cost) -> Value {
    let (quiet, reaping) = (numbers.quiet, numbers.reaping);
    json!({
        "nodes": nodes,
        "all_labelled_s": numbers.labelled.as_secs_f64(),
        "rounds": quiet.looks,
        "lists": quiet.lists,
        "changes": quiet.changes,
        "ec2_calls": quiet.fleet,
        "parameter_store_calls": quiet.reads + quiet.writes,
        "round_ms": numbers.round.as_secs_f64() * 1e3,
        "list_bytes": list.bytes,
        "list_client_ms": list.client.as_secs_f64() * 1e3,
        "ended": numbers.ended,
        "reaped_s": numbers.reaped.as_secs_f64(),
        "reaping_lists": reaping.lists,
        "reaping_changes": reaping.changes,
        "reaping_ec2_calls": reaping.fleet,
    })
}

/// What a worker does in an hour in which nothing happens.
fn worker() -> (String, Value) {
    let calls = virtually(scale::quiet_worker);
    let (looks, probes, aws) = (calls.looks, calls.probes, calls.all());
    let text = format!(
        "A worker's quiet hour: {looks} rounds, {probes} probes of a manager, {aws} calls to AWS."
    );
    let told = json!({"rounds": looks, "probes": probes, "aws_calls": aws});
    (text, told)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
