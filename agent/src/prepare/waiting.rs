//! What happens while the tags are waited for: it is said where people look, and the boot goes on.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use crate::node::{IdentifyError, News, Told, Waiter};
use crate::report::note::{self, Note};
use crate::report::notify::Notify;

/// For this long the units that come after `prepare` are held up, the engine among them: most tags that
/// come late are there by then, and the engine starts with its settings. After it they start without, and
/// an engine that is in no swarm is restarted when its settings are known.
const HOLD: Duration = Duration::from_mins(1);

/// Says what is waited for, once.
pub(super) struct Waiting<S> {
    say: S,
    runtime_dir: PathBuf,
    notify: Notify,
    told: Told,
    since: Option<Instant>,
    note: Option<Note>,
}

impl<S: Fn(&str)> Waiting<S> {
    /// `say` reaches the journal and the console.
    pub(super) fn new(say: S, runtime_dir: PathBuf) -> Self {
        Self {
            say,
            runtime_dir,
            notify: Notify::default(),
            told: Told::default(),
            since: None,
            note: None,
        }
    }

    /// The host is ready: what comes after starts now, if it did not before.
    pub(super) fn over(mut self) {
        if self.since.is_some() {
            self.notify.status("");
        }
        // The agent goes on as soon as it is gone.
        self.note = None;
        self.notify.ready();
    }

    fn tell(&mut self, text: &str) {
        self.notify.status(text);
        match Note::leave(&self.runtime_dir, note::PREPARE, text) {
            Ok(note) => self.note = Some(note),
            Err(error) => {
                tracing::warn!(%error, "`swarmlet status` will not tell what is waited for");
            }
        }
    }
}

impl<S: Fn(&str)> Waiter for Waiting<S> {
    fn waits(&mut self, why: &IdentifyError) {
        let news = self.told.note(why);
        let text = why.waiting();
        if news != News::Old {
            self.tell(&text);
        }
        if news == News::First {
            (self.say)(&text);
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        // Without the note the agent would not know that it has to wait as well.
        if since.elapsed() >= HOLD && self.note.is_some() {
            self.notify.ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_is_said_once_and_left_for_the_agent_until_the_host_is_ready() {
        let folder = tempfile::tempdir().unwrap();
        let said = RefCell::new(Vec::new());
        let say = |text: &str| said.borrow_mut().push(text.to_owned());
        let note = || Note::read(folder.path(), note::PREPARE);
        let mut waiting = Waiting::new(say, folder.path().to_owned());
        let (tags, role) = (
            IdentifyError::NoTags("i-1".into()),
            IdentifyError::NoRole("i-1".into()),
        );
        assert_eq!(note(), None);
        for why in [&tags, &tags, &role, &role, &tags] {
            waiting.waits(why);
            assert_eq!(note(), Some(why.waiting()));
            assert!(!waiting.notify.is_ready(), "the boot is held up");
            tokio::time::advance(HOLD / 5).await;
        }
        assert_eq!(*said.borrow(), [tags.waiting(), role.waiting()]);
        waiting.waits(&tags);
        assert!(waiting.notify.is_ready(), "the boot goes on");
        assert!(note().is_some(), "and the agent waits");
        waiting.over();
        assert_eq!(note(), None);
    }
}
