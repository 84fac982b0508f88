//! The pause between two rounds, and what ends it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A node that joins is an event several times within so long, and a leader that looks at all nodes
/// each time takes from the engine what the join needs: it looks once they are told.
const BURST: Duration = Duration::from_millis(100);

/// What wakes the agent before its time is up.
pub trait Triggers {
    /// The next happening; `None` when the agent is asked to stop.
    async fn next(&mut self) -> Option<()>;
}

/// The pause between two rounds; a leader's goes on until what has begun to happen has happened.
pub(super) async fn rest(triggers: &mut impl Triggers, pause: Duration, leads: bool) -> Option<()> {
    let end = Instant::now() + pause;
    idle(triggers, end).await?;
    let burst = end.min(Instant::now() + BURST);
    while leads && Instant::now() < burst {
        idle(triggers, burst).await?;
    }
    Some(())
}

/// Waits for a happening, or for the time. What happens in the same moment is told first, so
/// that it wakes one round and not two.
async fn idle(triggers: &mut impl Triggers, end: Instant) -> Option<()> {
    tokio::select! {
        biased;
        happening = triggers.next() => happening,
        () = sleep_until(end) => Some(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    /// Happenings after these times; then the agent is asked to stop, or nothing happens any more.
    struct Script(VecDeque<Duration>, bool);

    impl Triggers for Script {
        async fn next(&mut self) -> Option<()> {
            match (self.0.front(), self.1) {
                (Some(after), _) => sleep(*after).await,
                (None, true) => return None,
                (None, false) => pending().await,
            }
            self.0.pop_front();
            Some(())
        }
    }

    /// How long the pause took, how many happenings are left, and whether it goes on.
    async fn paused(after_ms: &[u64], stops: bool, leads: bool) -> (u128, usize, bool) {
        let times = after_ms.iter().map(|ms| Duration::from_millis(*ms));
        let mut script = Script(times.collect(), stops);
        let begun = Instant::now();
        let goes_on = rest(&mut script, PAUSE, leads).await.is_some();
        (begun.elapsed().as_millis(), script.0.len(), goes_on)
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_wakes_at_once_and_a_leader_after_the_burst() {
        let burst = [1_000, 10, 20, 30, 5_000];
        assert_eq!(paused(&burst, false, false).await, (1_000, 4, true));
        assert_eq!(paused(&burst, false, true).await, (1_100, 1, true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_no_longer_than_the_pause() {
        assert_eq!(paused(&[29_950], false, true).await, (30_000, 0, true));
        assert_eq!(paused(&[], false, true).await, (30_000, 0, true));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_asked_to_stop_stops_at_once() {
        assert_eq!(paused(&[], true, true).await, (0, 0, false));
        assert_eq!(paused(&[1_000], true, true).await, (1_000, 0, false));
    }
}
