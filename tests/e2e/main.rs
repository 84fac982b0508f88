//! End-to-end cases, on machines of a running lab.
//!
//! Run by `scripts/test --e2e [FILTER]`, with those that take minutes by `scripts/test --long`, or against a lab that is up by `cargo test --test e2e`.

use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use lab::Lab;
use libtest_mimic::{Arguments, Failed, Trial};

mod cases;

/// How many cases may run at once, of those that can.
const BESIDE: usize = 4;

/// Held by every case: alone, or beside others.
static TURN: RwLock<()> = RwLock::new(());

/// A named case. What it launches is ended after it; parameters stay, so each names its own cluster.
pub struct Case {
    /// `<subject>::<what holds>`.
    pub name: &'static str,
    /// Fails with what was seen.
    pub run: fn(&Lab) -> anyhow::Result<()>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(BESIDE);
    let alone = cases::alone().map(|case| Trial::test(case.name, move || timed_alone(case)));
    let beside = cases::beside().map(|case| Trial::test(case.name, move || timed_beside(case)));
    let slow = cases::slow()
        .map(|case| Trial::test(case.name, move || timed_beside(case)).with_ignored_flag(true));
    let prepared = cases::prepared()
        .map(|case| Trial::test(case.name, move || timed_alone(case)).with_ignored_flag(true));
    let trials = alone.chain(prepared).chain(slow).chain(beside).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// A case that looks at the whole journal or at short times, or uses the shared cluster.
fn timed_alone(case: &Case) -> Result<(), Failed> {
    let _turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
    timed(case, |lab, good| {
        // A case that failed may have left the shared cluster in any state.
        let keep = cases::support::keep_shared(good);
        lab.clear(&keep.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// A case that mostly waits. What it leaves behind is cleared when nobody runs beside it.
fn timed_beside(case: &Case) -> Result<(), Failed> {
    let turn = TURN.read().unwrap_or_else(PoisonError::into_inner);
    timed(case, |lab, _| {
        drop(turn);
        let Ok(_turn) = TURN.try_write() else {
            return Ok(());
        };
        let keep = cases::support::keep_shared(true);
        lab.clear(&keep.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

fn timed(case: &Case, clear: impl FnOnce(&Lab, bool) -> anyhow::Result<()>) -> Result<(), Failed> {
    let started = Instant::now();
    let outcome = Lab::attach().and_then(|lab| {
        let outcome = (case.run)(&lab).inspect_err(|error| {
            eprintln!("    {} failed: {error:#}", case.name);
            cases::support::tell_machines(&lab);
        });
        let good = outcome.is_ok();
        outcome.and(clear(&lab, good))
    });
    let time = started.elapsed().as_secs_f64();
    eprintln!("    {} took {time:.1} s", case.name);
    outcome.map_err(|error| format!("{error:#}").into())
}
