//! What a manager sees, and when: woken by its engine's events, and at the latest every ten
//! milliseconds. The same eyes for every contender.

use std::io::BufRead as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::clock;
use crate::docker::{Engine, Node};

/// Not every change that is looked for is an event: a manager that becomes reachable is none.
const GAP: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_mins(2);

/// An event: when it arrived, and the node it is about.
struct Event {
    at: f64,
    node: String,
}

/// A manager's view of its swarm.
pub(crate) struct Sight {
    pub(crate) engine: Engine,
    stream: UnixStream,
    events: Receiver<Event>,
}

impl Sight {
    /// Begins to look.
    pub(crate) fn of(manager: &str) -> Result<Self> {
        let engine = Engine::of(manager)?;
        let (stream, reader) = engine.node_events()?;
        let (tell, events) = channel();
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                let at = clock::now();
                let told: Value = serde_json::from_str(&line).unwrap_or_default();
                let node = told["Actor"]["ID"].as_str().unwrap_or_default().to_owned();
                if tell.send(Event { at, node }).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            engine,
            stream,
            events,
        })
    }

    /// The moment in which `wanted` holds of the nodes.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&[Node]) -> bool) -> Result<f64> {
        let begun = Instant::now();
        loop {
            let nodes = self.engine.nodes().unwrap_or_default();
            let at = clock::now();
            if wanted(&nodes) {
                return Ok(at);
            }
            if begun.elapsed() > LIMIT {
                bail!("gave up waiting until {what}: {nodes:?}");
            }
            // One event often comes with others: they are all seen by the next look.
            if self.events.recv_timeout(GAP).is_ok() {
                while self.events.try_recv().is_ok() {}
            }
        }
    }

    /// The moment in which so many nodes at these addresses are ready, those known before aside.
    pub(crate) fn joined(&self, addresses: &[String], before: &[String]) -> Result<f64> {
        let new = |node: &&Node| node.ready && !before.contains(&node.id);
        self.until("all are Ready", |nodes| {
            addresses
                .iter()
                .all(|address| nodes.iter().filter(new).any(|n| n.address == *address))
        })
    }

    /// The moment in which a node that was cut off is back: its manager writes its entry anew when
    /// its session begins, and nobody else does in that time.
    pub(crate) fn back(&self, node: &str, since: f64) -> Result<f64> {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            let Ok(event) = self.events.recv_timeout(GAP) else {
                continue;
            };
            if event.node == node && event.at > since {
                let ready = |n: &Node| n.id == node && n.ready;
                if self.engine.nodes()?.iter().any(ready) {
                    return Ok(event.at);
                }
            }
        }
        bail!("gave up waiting until {node} is back")
    }

    /// Whether the node's entry was written anew within a time.
    pub(crate) fn stirs(&self, node: &str, time: Duration) -> bool {
        let begun = Instant::now();
        while let Some(left) = time.checked_sub(begun.elapsed()) {
            if self.events.recv_timeout(left).is_ok_and(|e| e.node == node) {
                return true;
            }
        }
        false
    }

    /// The ids of the nodes known now.
    pub(crate) fn known(&self) -> Result<Vec<String>> {
        Ok(self.engine.nodes()?.into_iter().map(|n| n.id).collect())
    }

    /// Takes the entry of a node away that has left, and forgets what has happened so far.
    pub(crate) fn forget(&self, address: &str) -> Result<()> {
        for node in self.engine.nodes()? {
            if node.address == address {
                self.engine.remove(&node.id)?;
            }
        }
        while self.events.try_recv().is_ok() {}
        Ok(())
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        // Ends the thread that reads.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
