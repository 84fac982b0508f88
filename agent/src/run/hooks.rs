//! The group's terminating hooks: heartbeats while a departure goes on, and its end.

use tracing::{info, warn};

use super::{Agent, Outside};
use aws::lifecycle::{Hook, Lifecycle, Verdict, Waiting};
use protocol::node::DepartureEvent;

impl<O: Outside> Agent<O> {
    pub(super) async fn list_hooks(&mut self) {
        let (Some(wanted), Some(group)) = (self.node.waits_for(), &self.identity.group) else {
            return;
        };
        let named = &self.settings.departure.hooks;
        let hooks = if named.is_empty() {
            self.edges.lifecycle.hooks(group).await
        } else {
            Ok(named.iter().map(|name| Hook::named(name)).collect())
        };
        let hooks = hooks.map(|mut hooks| {
            hooks.retain(|hook| wanted.contains(&hook.transition));
            hooks
        });
        self.learn_step(DepartureEvent::Hooks(hooks.map_err(Into::into)));
    }

    pub(super) async fn heartbeat(&mut self) {
        let Some(group) = &self.identity.group else {
            return;
        };
        let mut beaten = Ok(());
        for hook in self.node.hooks() {
            let instance = &self.identity.instance_id;
            let beat = self.edges.lifecycle.heartbeat(group, hook, instance);
            if let Err(error) = beat.await {
                warn!(%error, hook, "no heartbeat");
                beaten = Err(error.into());
            }
        }
        self.learn_step(DepartureEvent::Beat(beaten));
    }

    /// Has every hook that waits for this node go on.
    pub(super) async fn complete_lifecycle(&mut self) {
        let Some(group) = &self.identity.group else {
            return;
        };
        let open: Vec<String> = self.node.open_hooks().map(str::to_owned).collect();
        let mut said = Vec::new();
        for hook in open {
            let (lifecycle, instance) = (&self.edges.lifecycle, &self.identity.instance_id);
            let verdict = Verdict::Continue;
            let waiting = lifecycle.complete(group, &hook, instance, verdict).await;
            if let Err(error) = &waiting {
                warn!(%error, hook, "lifecycle action not completed");
            }
            said.push((hook, waiting.map_err(Into::into)));
        }
        let told: Vec<(String, Waiting)> = said
            .iter()
            .filter_map(|(hook, said)| Some((hook.clone(), *said.as_ref().ok()?)))
            .collect();
        self.learn_step(DepartureEvent::Completed(said));
        for (hook, waiting) in told {
            if self.node.open_hooks().all(|open| open != hook) {
                let heard = waiting == Waiting::Heard;
                info!(hook, heard, "lifecycle action completed");
            }
        }
    }
}
