//! End-to-end cases, on machines of a running lab, one after the other.
//!
//! Run by `scripts/test --e2e [FILTER]`, or against a lab that is up by `cargo test --test e2e`.

use std::time::Instant;

use lab::Lab;
use libtest_mimic::{Arguments, Failed, Trial};

mod cases;

/// A named case. What it launches is ended after it; parameters stay, so each names its own cluster.
pub struct Case {
    /// `<subject>::<what holds>`.
    pub name: &'static str,
    /// Fails with what was seen.
    pub run: fn(&Lab) -> anyhow::Result<()>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Cases share two processors and look at the whole journal.
    arguments.test_threads = Some(1);
    let trials = cases::all()
        .map(|case| Trial::test(case.name, move || timed(case)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn timed(case: &Case) -> Result<(), Failed> {
    let started = Instant::now();
    let outcome = Lab::attach().and_then(|lab| {
        let outcome = (case.run)(&lab).inspect_err(|error| {
            eprintln!("    {} failed: {error:#}", case.name);
            cases::support::tell_machines(&lab);
        });
        // A case that failed may have left the shared cluster in any state.
        let keep = cases::support::keep_shared(outcome.is_ok());
        outcome.and(lab.clear(&keep.iter().map(String::as_str).collect::<Vec<_>>()))
    });
    eprintln!(
        "    {} took {:.1} s",
        case.name,
        started.elapsed().as_secs_f64()
    );
    outcome.map_err(|error| format!("{error:#}").into())
}
