//! Before the agent knows who its node is: it waits for `prepare`, and for tags.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use crate::identity::{IdentifyError, News, Told, Waiter};
use view::notify::Notify;
use view::status::note::{self, Note};

/// Between looks whether `prepare` has done: a file of this host.
const LOOK: Duration = Duration::from_millis(500);

/// Waits while `prepare` waits: it lets the boot go on meanwhile, and the engine has neither its name nor its
/// labels before it is done. A `prepare` that ended, however, is not waited for.
pub(super) async fn for_prepare(runtime_dir: &Path, notify: &Notify) {
    let mut told = None;
    while let Some(text) = Note::read(runtime_dir, note::PREPARE) {
        if told.as_ref() != Some(&text) {
            notify.status(&format!("swarmlet-prepare is {text}"));
            notify.ready();
            info!("waiting for swarmlet-prepare");
            told = Some(text);
        }
        sleep(LOOK).await;
    }
}

/// Says in the journal, to systemd and to `swarmlet status` which tags are waited for.
pub(super) struct Waiting<'a> {
    notify: &'a Notify,
    runtime_dir: PathBuf,
    told: Told,
    note: Option<Note>,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(runtime_dir: &Path, notify: &'a Notify) -> Self {
        Self {
            notify,
            runtime_dir: runtime_dir.to_owned(),
            told: Told::default(),
            note: None,
        }
    }
}

impl Waiter for Waiting<'_> {
    fn waits(&mut self, why: &IdentifyError) {
        let news = self.told.note(why);
        if news == News::Old {
            return;
        }
        let text = why.waiting();
        self.notify.status(&text);
        // A person may have to tag the instance first, and what he does that with may be part of the boot.
        self.notify.ready();
        if news == News::First {
            warn!("{text}");
        }
        match Note::leave(&self.runtime_dir, note::AGENT, &text) {
            Ok(note) => self.note = Some(note),
            Err(error) => tracing::debug!(%error, "cannot leave a note of what is waited for"),
        }
    }
}
