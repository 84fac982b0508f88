//! The dashboard's page in a real browser, served by the real server from views that the cases write.
//!
//! Run by `scripts/test`, or by `cargo test --test browser [FILTER]`; needs Debian's package chromium.

use libtest_mimic::{Arguments, Failed, Trial};

mod access;
mod keyboard;
mod looks;
mod moves;
mod server;
mod size;
mod views;

/// How many browsers run at once.
const BESIDE: usize = 2;

/// A named case.
struct Case {
    /// What holds.
    name: &'static str,
    /// Fails with what was seen.
    run: fn() -> anyhow::Result<()>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(BESIDE));
    let cases = [
        moves::CASES,
        keyboard::CASES,
        looks::CASES,
        size::CASES,
        access::CASES,
    ];
    let run = |case: &'static Case| {
        let outcome = (case.run)();
        outcome.map_err(|error| Failed::from(format!("{error:#}")))
    };
    let trials = cases
        .into_iter()
        .flatten()
        .map(|case| Trial::test(case.name, move || run(case)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
