//! Backoff between attempts: growing, capped and jittered.

use std::time::Duration;

/// An endless series of gaps that double up to a cap. Each is drawn from the upper half of its
/// range, so that a fleet that starts in the same second does not ask in the same second.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    cap: Duration,
}

impl Backoff {
    /// Backoff from `first` to `cap`.
    pub fn new(first: Duration, cap: Duration) -> Self {
        Self {
            next: first.min(cap),
            cap,
        }
    }

    /// The next gap.
    pub fn next_gap(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(self.cap);
        full.mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_double_up_to_the_cap_and_stay_in_their_upper_half() {
        let mut gaps = Backoff::new(Duration::from_millis(100), Duration::from_millis(500));
        for full in [100, 200, 400, 500, 500] {
            let gap = gaps.next_gap();
            assert!(gap >= Duration::from_millis(full / 2), "{gap:?} of {full}");
            assert!(gap <= Duration::from_millis(full), "{gap:?} of {full}");
        }
    }

    #[test]
    fn two_series_differ() {
        let series = || {
            let mut gaps = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
            (0..8).map(|_| gaps.next_gap()).collect::<Vec<_>>()
        };
        assert_ne!(series(), series());
    }
}
