//! Whether a machine that went off by itself is booted again.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

/// nspawn's exit status when the machine asked to be booted again.
const REBOOT: i32 = 133;
/// A machine that crashes this young, this often in a row, is left off.
const YOUNG: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

/// Why a machine went off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It was told to, inside.
    PoweredOff,
    /// It wants to boot again.
    Rebooted,
    /// Anything else: killed, or it never started.
    Crashed,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(0), _) => Self::PoweredOff,
            (Some(REBOOT), _) => Self::Rebooted,
            _ => Self::Crashed,
        }
    }
}

/// What is remembered of earlier ends.
#[derive(Debug, Default)]
pub(super) struct Rest {
    crashes: u32,
    resting_since_boots: Option<u64>,
}

impl Rest {
    /// Whether to boot, now that this many reboots were asked for.
    pub(super) fn may_boot(&self, boots: u64) -> bool {
        self.resting_since_boots.is_none_or(|since| boots > since)
    }

    /// Takes note of an end.
    pub(super) fn after(&mut self, exit: Exit, age: Duration, boots: u64) {
        self.crashes = match exit {
            Exit::Crashed if age < YOUNG => self.crashes + 1,
            _ => 0,
        };
        let rests = exit == Exit::PoweredOff || self.crashes >= TRIES;
        self.resting_since_boots = rests.then_some(boots);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Duration = Duration::from_mins(1);

    #[test]
    fn exit_statuses_of_nspawn() {
        assert_eq!(Exit::from(ExitStatus::from_raw(0)), Exit::PoweredOff);
        assert_eq!(Exit::from(ExitStatus::from_raw(133 << 8)), Exit::Rebooted);
        assert_eq!(Exit::from(ExitStatus::from_raw(1 << 8)), Exit::Crashed);
        assert_eq!(Exit::from(ExitStatus::from_raw(9)), Exit::Crashed);
    }

    #[test]
    fn powered_off_rests_until_a_reboot_is_asked_for() {
        let mut rest = Rest::default();
        rest.after(Exit::PoweredOff, OLD, 4);
        assert!(!rest.may_boot(4));
        assert!(rest.may_boot(5));
    }

    #[test]
    fn a_killed_machine_boots_again() {
        let mut rest = Rest::default();
        for _ in 0..10 {
            rest.after(Exit::Crashed, OLD, 0);
            assert!(rest.may_boot(0));
        }
    }

    #[test]
    fn one_that_never_comes_up_is_left_off() {
        let mut rest = Rest::default();
        for _ in 0..TRIES {
            assert!(rest.may_boot(0));
            rest.after(Exit::Crashed, Duration::from_millis(100), 0);
        }
        assert!(!rest.may_boot(0));
    }
}
