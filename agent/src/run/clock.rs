//! Time since boot.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// A clock for what has to be told after a restart of the agent: not the wall clock, which people
/// and time servers set.
pub trait Clock {
    /// Time since the machine's boot.
    fn uptime(&self) -> Duration;

    /// The wall clock, in seconds since the Unix epoch: only where others' times are compared with it.
    fn unix(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |time| time.as_secs())
    }
}

/// `CLOCK_BOOTTIME` (`clock_gettime(2)`), which goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootClock;

impl Clock for BootClock {
    fn uptime(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Duration::from_secs(seconds)
    }
}
