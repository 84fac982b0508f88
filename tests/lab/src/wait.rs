//! Waiting with a limit, and telling how long things took.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::terminal::say;

const GAP: Duration = Duration::from_millis(100);
const PROGRESS: Duration = Duration::from_secs(10);

/// Tries until `attempt` succeeds. Its error is the reason for waiting on; the last one is told
/// every ten seconds and when the time is up.
pub fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let started = Instant::now();
    let mut told = started;
    loop {
        let reason = match attempt() {
            Ok(value) => return Ok(value),
            Err(reason) => reason,
        };
        if started.elapsed() >= limit {
            return Err(anyhow!(
                "gave up after {} s waiting until {what}: {reason:#}",
                limit.as_secs()
            ));
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            say(format_args!(
                "    … {} s, waiting until {what}: {reason:#}",
                started.elapsed().as_secs()
            ));
        }
        thread::sleep(GAP);
    }
}

/// Does a piece of work and prints how long it took.
pub fn phase<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "" } else { "  failed" };
    say(format_args!(
        "  {name:<28} {:>7.1} s{outcome}",
        started.elapsed().as_secs_f64()
    ));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn returns_the_first_success() {
        let mut tries = 0;
        let value = wait_until("it works", Duration::from_secs(5), || {
            tries += 1;
            if tries < 3 {
                bail!("not yet");
            }
            Ok(tries)
        });
        assert_eq!(value.expect("in time"), 3);
    }

    #[test]
    fn gives_up_with_the_last_reason() {
        let outcome = wait_until::<()>("it works", Duration::ZERO, || bail!("still cold"));
        let text = outcome.expect_err("no time at all").to_string();
        assert!(
            text.contains("it works") && text.contains("still cold"),
            "{text}"
        );
    }
}
