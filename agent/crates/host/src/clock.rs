//! Time since boot.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::Moment;
use rustix::time::{ClockId, clock_gettime};

/// A clock for what has to be told after a restart of the agent: not the wall clock, which people
/// and time servers set.
pub trait Clock {
    /// Time since the machine's boot, in full precision.
    fn uptime(&self) -> Duration;

    /// The wall clock, in seconds since the Unix epoch: for times that AWS publishes.
    fn unix(&self) -> u64;

    /// A word for this boot of the machine, another after the next.
    fn boot(&self) -> String;

    /// The present moment, with a lot that was drawn for it.
    fn moment(&self, random: u16) -> Moment {
        Moment {
            up: self.uptime(),
            unix: self.unix(),
            random,
        }
    }
}

/// `CLOCK_BOOTTIME` (`clock_gettime(2)`), which goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootClock;

impl Clock for BootClock {
    fn uptime(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
        Duration::new(seconds, nanoseconds)
    }

    fn unix(&self) -> u64 {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        time.map_or(0, |time| time.as_secs())
    }

    /// The agent's sandbox hides the kernel's word: its unit hands it over.
    fn boot(&self) -> String {
        let told = std::env::var("BOOT_ID").ok();
        let read = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let id = told.filter(|id| !id.is_empty()).or_else(read);
        id.unwrap_or_default().trim().replace('-', "")
    }
}
