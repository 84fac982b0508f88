//! The watch for what may start a departure: instance metadata, and an operator's request.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use aws::imds::{self, Metadata, NoticeError};
use host::folder_watch::FolderWatch;
use host::state_folder::StateFolder;
use protocol::departure::latch::Heard;
use protocol::departure::notice::Notices;

/// How often to look. Spot's two minutes bear it, and so does the metadata service.
pub(super) const EVERY: Duration = Duration::from_secs(5);
/// Only every so many looks, which is a minute, for what comes many minutes ahead: questions to the
/// metadata service are most of what an idle agent costs.
const SELDOM: u32 = 12;

/// Looks again and again; `heard` changes only when something else was seen.
pub(super) async fn follow(
    mut watch: Watch<impl Metadata>,
    memory: StateFolder,
    heard: watch::Sender<Heard>,
) {
    let mut requests = Requests::of(&memory);
    let mut due = Instant::now() + EVERY;
    loop {
        tokio::select! {
            () = sleep_until(due) => {
                watch.ask().await;
                due = Instant::now() + EVERY;
            }
            () = requests.come() => {}
        }
        let seen = watch.heard(&memory);
        heard.send_if_modified(|before| {
            let changed = *before != seen;
            *before = seen;
            changed
        });
    }
}

/// What an operator asks for is heard when it is written. Where that is not told, at the next look at metadata.
struct Requests(Option<FolderWatch>);

impl Requests {
    fn of(memory: &StateFolder) -> Self {
        let watch = memory.watch();
        if let Err(error) = &watch {
            warn!(%error, "what an operator asks for is heard {} s later", EVERY.as_secs());
        }
        Self(watch.ok())
    }

    async fn come(&mut self) {
        let told = match &self.0 {
            Some(watch) => watch.changed().await,
            None => pending().await,
        };
        if let Err(error) = told {
            warn!(%error, "what an operator asks for is heard {} s later", EVERY.as_secs());
            self.0 = None;
        }
    }
}

/// What was seen last stays until something else is seen.
pub(super) struct Watch<M> {
    metadata: M,
    seen: Heard,
    complaint: Option<String>,
    unreadable: Option<String>,
    /// So many looks are still without what is asked for seldom.
    rest: u32,
}

impl<M: Metadata> Watch<M> {
    pub(super) fn new(metadata: M) -> Self {
        Self {
            metadata,
            seen: Heard::default(),
            complaint: None,
            unreadable: None,
            // Nobody waits for those while a node starts.
            rest: 1,
        }
    }

    /// Asks the metadata service, which needs no identity: at a start it goes on while that is read.
    pub(super) async fn ask(&mut self) {
        let mut complaint = None;
        // One after the other, on the one connection that stays open: at once, each would open its own,
        // and that was most of what an idle agent cost.
        let target = imds::target(&self.metadata).await;
        let spot = imds::spot(&self.metadata).await;
        let seen: &mut Notices = &mut self.seen.notices;
        take(&mut seen.target, target.map_err(Into::into), &mut complaint);
        take(&mut seen.spot, spot, &mut complaint);
        let all = self.rest == 0;
        if all {
            self.look_far(&mut complaint).await;
        } else {
            self.rest -= 1;
        }
        if all || complaint.is_some() {
            complain(&mut self.complaint, complaint);
        }
    }

    /// What was seen last, with what an operator has asked for by now.
    pub(super) fn heard(&mut self, memory: &StateFolder) -> Heard {
        let request = memory.request();
        complain(
            &mut self.unreadable,
            request.as_ref().err().map(ToString::to_string),
        );
        if let Ok(request) = request {
            self.seen.request = Some(request);
        }
        self.seen.clone()
    }

    /// What comes many minutes ahead; asked for again at the next look if there is no answer.
    async fn look_far(&mut self, complaint: &mut Option<String>) {
        let rebalance = imds::rebalance(&self.metadata).await;
        let maintenance = imds::maintenance(&self.metadata).await;
        if is_answer(&rebalance) && is_answer(&maintenance) {
            self.rest = SELDOM - 1;
        }
        let seen: &mut Notices = &mut self.seen.notices;
        take(&mut seen.rebalance, rebalance, complaint);
        take(&mut seen.maintenance, maintenance, complaint);
    }
}

/// What cannot be read is one as well, and would be the same at the next look.
fn is_answer<T>(answer: &Result<T, NoticeError>) -> bool {
    !matches!(answer, Err(NoticeError::Metadata(_)))
}

/// Says it once.
fn complain(before: &mut Option<String>, complaint: Option<String>) {
    if complaint.is_some() && complaint != *before {
        warn!(error = complaint, "a notice is passed over");
    }
    *before = complaint;
}

/// An answer that does not come is no news.
fn take<T>(seen: &mut Option<T>, answer: Result<T, NoticeError>, complaint: &mut Option<String>) {
    match answer {
        Ok(value) => *seen = Some(value),
        Err(NoticeError::Unreadable(notice)) => *complaint = Some(notice.to_string()),
        Err(NoticeError::Metadata(error)) => debug!(%error, "no news"),
    }
}
