//! One clock for everything: the kernel's, which systemd's timestamps are of. Machines of the lab share
//! their host's kernel, so a moment in one can be held against a moment in another.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

/// Seconds since the host's boot (`CLOCK_MONOTONIC`).
pub(crate) fn now() -> f64 {
    read(ClockId::CLOCK_MONOTONIC)
}

/// The same of a moment of the clock that also goes on while the host is suspended
/// (`CLOCK_BOOTTIME`), which the agent tells its start by.
pub(crate) fn of_boot(moment: f64) -> f64 {
    now() - (read(ClockId::CLOCK_BOOTTIME) - moment)
}

fn read(clock: ClockId) -> f64 {
    let time = clock_gettime(clock).expect("every Linux has these clocks");
    let nanos = i32::try_from(time.tv_nsec()).unwrap_or_default();
    seconds(time.tv_sec()) + f64::from(nanos) / 1e9
}

/// The same of a moment of the wall clock, in seconds since 1970.
pub(crate) fn of_wall(moment: f64) -> f64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    now() - (wall.unwrap_or_default().as_secs_f64() - moment)
}

/// Whole seconds; exact, since a host is not up for 68 years.
fn seconds(whole: i64) -> f64 {
    f64::from(i32::try_from(whole).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_since_the_boot_is_where_it_was() {
        let before = now();
        let found = of_boot(read(ClockId::CLOCK_BOOTTIME));
        assert!((found - before).abs() < 0.5, "{found} is not {before}");
    }

    #[test]
    fn a_moment_of_the_wall_clock_is_where_it_was() {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let before = now();
        let found = of_wall(wall.expect("after 1970").as_secs_f64());
        assert!((found - before).abs() < 0.5, "{found} is not {before}");
    }
}
