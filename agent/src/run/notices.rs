//! The watch for what may start a departure: instance metadata, and an operator's request.

use std::fmt::Display;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, warn};

use aws::imds::{Metadata, MetadataError};
use host::state_folder::StateFolder;
use protocol::departure::latch::Heard;
use protocol::departure::notice::{self, Notices, Target};

/// How often to look. Spot's two minutes bear it, and so does the metadata service.
pub(super) const EVERY: Duration = Duration::from_secs(5);
/// Only every so many looks, which is a minute, for what comes many minutes ahead: questions to the
/// metadata service are most of what an idle agent costs.
const SELDOM: u32 = 12;

const TARGET: &str = "meta-data/autoscaling/target-lifecycle-state";
const SPOT: &str = "meta-data/spot/instance-action";
const REBALANCE: &str = "meta-data/events/recommendations/rebalance";
const MAINTENANCE: &str = "meta-data/events/maintenance/scheduled";

/// Looks again and again; `heard` changes only when something else was seen.
pub(super) async fn follow(
    mut watch: Watch<impl Metadata>,
    memory: StateFolder,
    heard: watch::Sender<Heard>,
) {
    loop {
        sleep(EVERY).await;
        watch.ask().await;
        let seen = watch.heard(&memory);
        heard.send_if_modified(|before| {
            let changed = *before != seen;
            *before = seen;
            changed
        });
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
        let target = self.read(TARGET).await;
        let spot = self.read(SPOT).await;
        let seen: &mut Notices = &mut self.seen.notices;
        if let Ok(text) = target {
            seen.target = Some(Target::read(text.as_deref()));
        }
        take(&mut seen.spot, spot, notice::spot, &mut complaint);
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
        let rebalance = self.read(REBALANCE).await;
        let maintenance = self.read(MAINTENANCE).await;
        if rebalance.is_ok() && maintenance.is_ok() {
            self.rest = SELDOM - 1;
        }
        let seen: &mut Notices = &mut self.seen.notices;
        let recommended = &mut seen.rebalance;
        take(recommended, rebalance, notice::rebalance, complaint);
        let scheduled = &mut seen.maintenance;
        take(scheduled, maintenance, notice::maintenance, complaint);
    }

    /// An answer that does not come is no news.
    async fn read(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let answer = self.metadata.get(path).await;
        answer.inspect_err(|error| debug!(%error, "no news"))
    }
}

/// Says it once.
fn complain(before: &mut Option<String>, complaint: Option<String>) {
    if complaint.is_some() && complaint != *before {
        warn!(error = complaint, "a notice is passed over");
    }
    *before = complaint;
}

fn take<T, E: Display>(
    seen: &mut Option<T>,
    answer: Result<Option<String>, MetadataError>,
    read: impl Fn(Option<&str>) -> Result<T, E>,
    complaint: &mut Option<String>,
) {
    match answer.map(|text| read(text.as_deref())) {
        Ok(Ok(value)) => *seen = Some(value),
        Ok(Err(error)) => *complaint = Some(error.to_string()),
        Err(_) => {}
    }
}
