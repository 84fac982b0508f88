//! The agent's side: says how its node is, when that changes, and again while it lives.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::word::{FILE, Word, uptime};
use protocol::node::Readiness;

/// Keeps the file.
#[derive(Debug)]
pub struct Teller {
    path: PathBuf,
    listen: SocketAddr,
    said: Cell<Option<Readiness>>,
}

impl Teller {
    /// One that has the listener listen there. Without that nothing is said, and what an agent before has said is taken away:
    /// the settings may have been others.
    pub fn new(listen: Option<SocketAddr>, runtime_dir: &Path) -> Option<Self> {
        let path = runtime_dir.join(FILE);
        let Some(listen) = listen else {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, "a health check may hear of an earlier agent's node");
                }
                _ => {}
            }
            return None;
        };
        Some(Self {
            path,
            listen,
            said: Cell::new(None),
        })
    }

    /// Says so, if it is another word. Nothing where nothing is known: what an agent before has said grows old by itself.
    pub fn tell(&self, word: Option<Readiness>) {
        let Some(word) = word else {
            return;
        };
        let before = self.said.replace(Some(word));
        if before == Some(word) {
            return;
        }
        tracing::info!("load balancers hear: {}", word.word());
        self.write(word);
    }

    /// Says the same again: the agent lives.
    pub fn repeat(&self) {
        if let Some(word) = self.said.get() {
            self.write(word);
        }
    }

    fn write(&self, word: Readiness) {
        let word = Word {
            listen: self.listen,
            word,
            at: uptime(),
        };
        if let Err(error) = word.write(&self.path) {
            tracing::warn!(%error, "health checks do not hear how this node is");
        }
    }
}
