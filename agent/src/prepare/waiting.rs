//! What happens while the tags are waited for: it is said where people look, and the boot goes on.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::clone;
use crate::config::Settings;
use crate::identity::{IdentifyError, News, Told, Waiter};
use host::command::Runner;
use view::notify::Notify;
use view::status::note::{self, Note};

/// For this long the units that come after `prepare` are held up, the engine among them: many tags that
/// come late are there by then, and the engine starts with its settings. After it they start without, and
/// an engine that is in no swarm is restarted when its settings are known.
const HOLD: Duration = Duration::from_secs(20);

/// What is known of a node that waits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Waits {
    /// It does.
    waits: bool,
    /// Its instance, once metadata tells.
    instance_id: Option<String>,
}

/// Says what is waited for, once.
pub(super) struct Waiting<S> {
    say: S,
    runtime_dir: PathBuf,
    notify: Notify,
    told: Told,
    waits: watch::Sender<Waits>,
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
            waits: watch::channel(Waits::default()).0,
            note: None,
        }
    }

    /// What is known, for who lets the boot go on.
    pub(super) fn watched(&self) -> watch::Receiver<Waits> {
        self.waits.subscribe()
    }

    /// Nothing is waited for any more, and the host is not ready yet.
    pub(super) fn found(&mut self) {
        if self.waits.borrow().waits {
            self.tell("readying this host: its tags are there");
        }
    }

    /// The host is ready: what comes after starts now, if it did not before.
    pub(super) fn over(mut self) {
        if self.waits.borrow().waits {
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
        let waits = Waits {
            // Without the note the agent would not know that it has to wait as well.
            waits: self.note.is_some(),
            instance_id: why.instance_id().map(str::to_owned),
        };
        self.waits.send_if_modified(|before| {
            let is_new = *before != waits;
            *before = waits;
            is_new
        });
    }
}

/// Lets the boot go on when the tags take long; ends with what it is raced against. A copied disk's swarm state
/// goes before the engine can start with it, as ever. Who was a member before has its settings on the disk: nobody
/// has to wait.
pub(super) async fn let_go(
    settings: &Settings,
    runner: &impl Runner,
    notify: &Notify,
    mut waits: watch::Receiver<Waits>,
) -> Infallible {
    // The sender lives as long as the race.
    let begun = waits.wait_for(|waits| waits.waits).await;
    let own = begun.ok().and_then(|waits| waits.instance_id.clone());
    if own.is_none() || own != clone::remembered(&settings.state_dir) {
        sleep(HOLD).await;
    }
    let instance_id = waits.borrow().instance_id.clone();
    let evicted = match &instance_id {
        Some(id) => clone::evict(id, settings, runner).await,
        None => Ok(()),
    };
    match evicted {
        Ok(()) => notify.ready(),
        Err(error) => tracing::warn!(%error, "the boot is held up until this host is ready"),
    }
    std::future::pending().await
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
