//! Wakes the agent when something happens in the engine.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::{EventsOptions, EventsOptionsBuilder};
use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Docker;

/// Between two tries to reach an engine that is down.
const RETRY: Duration = Duration::from_millis(100);

/// Follows the engine's events (`GET /events`) for as long as it lives. Node events reach
/// managers only; that the stream begins or ends tells any node that its engine came up
/// or went away.
#[derive(Debug)]
pub struct Watch {
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

/// What the agent wakes for.
const OWN: &[&str] = &["node", "daemon"];

impl Watch {
    /// Starts to follow what concerns a node.
    pub fn start(docker: Docker) -> Self {
        Self::of(docker, OWN)
    }

    /// Starts to follow events of these types.
    pub fn of(docker: Docker, types: &'static [&'static str]) -> Self {
        let wake = Arc::new(Notify::new());
        let task = tokio::spawn(follow(docker, wake.clone(), types));
        Self { wake, task }
    }

    /// Waits for the next happening, or for one since the last wait.
    pub async fn happening(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(docker: Docker, wake: Arc<Notify>, types: &'static [&'static str]) {
    loop {
        if let Ok(client) = docker.client().await {
            let mut events = pin!(client.events(Some(filter(types))));
            wake.notify_one();
            while let Some(Ok(_)) = events.next().await {
                wake.notify_one();
            }
            docker.disconnect().await;
            wake.notify_one();
        }
        sleep(RETRY).await;
    }
}

fn filter(types: &[&str]) -> EventsOptions {
    let filters = HashMap::from([("type", types.to_vec())]);
    EventsOptionsBuilder::new().filters(&filters).build()
}
