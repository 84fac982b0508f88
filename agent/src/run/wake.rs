//! What wakes the agent: in the pause between two rounds, and in the middle of a step.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// A node that joins is an event several times within so long, and a leader that looks at all nodes
/// each time takes from the engine what the join needs: it looks once they are told.
const BURST: Duration = Duration::from_millis(100);

/// What wakes the agent before its time is up.
pub trait Triggers {
    /// The next happening; `None` when the agent is asked to stop.
    async fn next(&mut self) -> Option<()>;
}

/// Does something beside what happens meanwhile: what came of it, and whether anything has happened. Nothing where the
/// agent is asked to stop: what was under way is looked at by the next start, as after a crash.
pub(super) async fn beside<T>(
    work: impl Future<Output = T>,
    triggers: &mut impl Triggers,
) -> Option<(T, bool)> {
    let mut happened = false;
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Some((done, happened)),
            happening = triggers.next() => happening?,
        }
        happened = true;
    }
}

/// Asks, until there is a notice: the question can be asked again. What has an effect is not handed in here, and is
/// finished first.
pub(super) async fn unless_noticed<T, N>(
    question: impl Future<Output = T>,
    mut notices: watch::Receiver<N>,
) -> Option<T> {
    notices.mark_unchanged();
    let told = async {
        if notices.changed().await.is_err() {
            // Nobody tells any more.
            pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        answer = question => Some(answer),
        () = told => None,
    }
}

/// The pause between two rounds, which is over where something has happened before; a leader's goes on until what has
/// begun to happen has happened.
pub(super) async fn rest(
    triggers: &mut impl Triggers,
    pause: Duration,
    happened: bool,
    leads: bool,
) -> Option<()> {
    let end = Instant::now() + pause;
    if !happened {
        idle(triggers, end).await?;
    }
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
        let goes_on = rest(&mut script, PAUSE, false, leads).await.is_some();
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

    /// What takes ten seconds.
    async fn work() -> u8 {
        sleep(Duration::from_secs(10)).await;
        7
    }

    /// What came of it beside happenings after these times, and when.
    async fn worked(after_ms: &[u64], stops: bool) -> (Option<(u8, bool)>, u128) {
        let times = after_ms.iter().map(|ms| Duration::from_millis(*ms));
        let mut script = Script(times.collect(), stops);
        let begun = Instant::now();
        let done = beside(work(), &mut script).await;
        (done, begun.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_what_is_under_way_and_nothing_else_does() {
        assert_eq!(worked(&[], true).await, (None, 0));
        assert_eq!(worked(&[10], true).await, (None, 10));
        assert_eq!(worked(&[10, 10], false).await, (Some((7, true)), 10_000));
        assert_eq!(worked(&[], false).await, (Some((7, false)), 10_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_notice_ends_a_question_and_what_was_noticed_before_does_not() {
        let (tell, heard) = watch::channel(0);
        tell.send_replace(1);
        let begun = Instant::now();
        let (answer, ()) = tokio::join!(unless_noticed(work(), heard.clone()), async {
            sleep(Duration::from_millis(30)).await;
            tell.send_replace(2);
        });
        assert_eq!((answer, begun.elapsed().as_millis()), (None, 30));
        assert_eq!(unless_noticed(work(), heard.clone()).await, Some(7));
        drop(tell);
        assert_eq!(unless_noticed(work(), heard).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_happened_in_a_step_is_not_waited_for_again() {
        let mut script = Script(VecDeque::new(), false);
        let begun = Instant::now();
        rest(&mut script, PAUSE, true, false).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
