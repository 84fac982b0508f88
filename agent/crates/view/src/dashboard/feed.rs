//! One gatherer for all who look; none while nobody does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::select;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::Source;
use crate::SwarmView;

/// At once; each has a connection of its own for as long as it looks.
const VIEWERS: usize = 64;
/// Between two looks, however much happens.
const GAP: Duration = Duration::from_millis(300);
/// Tasks change without an event.
const TICK: Duration = Duration::from_secs(2);
/// A look at a large swarm costs the engine something: no more than this part of its time.
const SHARE: u32 = 10;
/// What did not change is told again after this, for the ages in it.
const REPEAT: Duration = Duration::from_secs(30);
/// How long the first look may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What there is to tell.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum Frame {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The swarm, as JSON.
    View(Arc<str>),
    /// Why it cannot be seen.
    Trouble(Arc<str>),
}

/// What is looked at, by how many.
#[derive(Debug)]
pub(super) struct Feed {
    frames: watch::Sender<Frame>,
    arrived: Notify,
    seats: Arc<Semaphore>,
}

/// One who looks. The gatherer rests when the last one is gone.
#[derive(Debug)]
pub(super) struct Viewer {
    frames: watch::Receiver<Frame>,
    _seat: OwnedSemaphorePermit,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            frames: watch::Sender::new(Frame::Nothing),
            arrived: Notify::new(),
            seats: Arc::new(Semaphore::new(VIEWERS)),
        }
    }

    /// A place to look from; none if all are taken.
    pub(super) fn join(&self) -> Option<Viewer> {
        let seat = self.seats.clone().try_acquire_owned().ok()?;
        let mut frames = self.frames.subscribe();
        frames.mark_changed();
        self.arrived.notify_one();
        Some(Viewer {
            frames,
            _seat: seat,
        })
    }

    /// Gathers for those who look, for ever.
    pub(super) async fn run<S: Source>(&self, open: impl Fn() -> S) {
        loop {
            while self.frames.receiver_count() == 0 {
                self.arrived.notified().await;
            }
            self.follow(&open()).await;
            // What was seen then is no answer for who comes later.
            self.frames.send_replace(Frame::Nothing);
        }
    }

    async fn follow(&self, source: &impl Source) {
        let mut told: Option<(Result<SwarmView, String>, Instant)> = None;
        loop {
            let started = Instant::now();
            let seen = source.look().await;
            let rest = TICK.max(started.elapsed() * SHARE);
            let steady = seen.clone().map(steady);
            if told
                .as_ref()
                .is_none_or(|(last, at)| *last != steady || at.elapsed() > REPEAT)
            {
                self.frames.send_replace(frame(seen));
                told = Some((steady, Instant::now()));
            }
            select! {
                () = self.frames.closed() => return,
                () = next(source, rest) => {}
            }
        }
    }
}

impl Viewer {
    /// The next frame that this one has not seen; `None` when the feed is gone.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            self.frames.changed().await.ok()?;
            let frame = self.frames.borrow_and_update().clone();
            if frame != Frame::Nothing {
                return Some(frame);
            }
        }
    }

    /// The first one.
    pub(super) async fn first(mut self) -> Frame {
        let slow = || Frame::Trouble("the engine does not answer".into());
        timeout(PATIENCE, self.next())
            .await
            .ok()
            .flatten()
            .unwrap_or_else(slow)
    }
}

fn frame(seen: Result<SwarmView, String>) -> Frame {
    let told =
        seen.and_then(|view| serde_json::to_string(&view).map_err(|error| error.to_string()));
    match told {
        Ok(view) => Frame::View(view.into()),
        Err(trouble) => Frame::Trouble(trouble.into()),
    }
}

/// Without what changes although nothing happened.
fn steady(view: SwarmView) -> SwarmView {
    SwarmView {
        at: 0,
        ticket_age: None,
        ..view
    }
}

async fn next(source: &impl Source, rest: Duration) {
    sleep(GAP).await;
    select! {
        () = source.happening() => {}
        () = sleep(rest) => {}
    }
}
