//! What systemd hears: `READY=1`, `STATUS=`, the watchdog (`sd_notify(3)`); and what load balancers hear.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sd_notify::NotifyState;

use crate::ready::Teller;
use crate::status::Status;
use protocol::node::Readiness;

/// How much longer the start may take, from each pulse on (`EXTEND_TIMEOUT_USEC=`): a node
/// may wait for its swarm for ever, but a loop that hangs before it is ready is restarted.
const START_EXTENSION_US: u32 = 60_000_000;

/// The service manager's ear. Without one (no `NOTIFY_SOCKET`) all of it does nothing.
#[derive(Debug, Default)]
pub struct Notify {
    ready: Cell<bool>,
    /// Where the status file goes; nowhere if none.
    runtime_dir: Option<PathBuf>,
    /// What health checks are answered from; nothing if none.
    teller: Option<Teller>,
}

impl Notify {
    /// One that also keeps the status file.
    pub fn with_file(runtime_dir: &Path) -> Self {
        Self {
            ready: Cell::new(false),
            runtime_dir: Some(runtime_dir.to_owned()),
            teller: None,
        }
    }

    /// The same, and the word of health checks that are answered there (`ready.listen`).
    #[must_use]
    pub fn telling(mut self, listen: Option<SocketAddr>) -> Self {
        let folder = self.runtime_dir.as_ref();
        self.teller = folder.and_then(|folder| Teller::new(listen, folder));
        self
    }

    /// What health checks are to hear; nothing new if none.
    pub fn readiness(&self, word: Option<Readiness>) {
        if let Some(teller) = &self.teller {
            teller.tell(word);
        }
    }

    /// The last round, for `swarmlet status`. It is not worth failing for.
    pub fn round(&self, status: impl FnOnce() -> Status) {
        let Some(folder) = &self.runtime_dir else {
            return;
        };
        if let Err(error) = status().write(folder) {
            tracing::debug!(%error, "cannot write the status file");
        }
    }

    /// What comes after may start: the node is in the swarm, or waits for what a person has to do first. Said once.
    pub fn ready(&self) {
        if !self.ready.replace(true) {
            send(&[NotifyState::Ready]);
        }
    }

    /// Whether that was said.
    pub fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// What the node is doing or waiting for.
    pub fn status(&self, text: &str) {
        send(&[NotifyState::Status(text)]);
    }

    /// The loop is alive.
    pub fn pulse(&self) {
        if let Some(teller) = &self.teller {
            teller.repeat();
        }
        if self.ready.get() {
            send(&[NotifyState::Watchdog]);
        } else {
            send(&[
                NotifyState::Watchdog,
                NotifyState::ExtendTimeoutUsec(START_EXTENSION_US),
            ]);
        }
    }

    /// The agent ends on purpose.
    pub fn stopping(&self) {
        send(&[NotifyState::Stopping]);
    }
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}
