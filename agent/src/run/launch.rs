//! Tells the Auto Scaling group how the launch of this instance went, once.

use std::time::Duration;

use tracing::{info, warn};

use super::{Agent, Outside};
use aws::CloudError;
use aws::lifecycle::{Lifecycle, Verdict, Waiting};
use protocol::node::launch::Word;
use protocol::node::{Event, LaunchCall, LaunchEvent};

/// How often in one go it is looked at what is due; the rest waits for the next round.
const LOOKS: u32 = 6;

impl<O: Outside> Agent<O> {
    /// Does what is due; says when to look again. What fails here fails nothing else.
    pub(super) async fn tell_launch(&mut self) -> Option<Duration> {
        self.settle_departure();
        self.note_launch(LaunchEvent::Seen);
        // Once asked, what is due is known; and so it is when a hook turns out to be done.
        for _ in 0..LOOKS {
            match self.node.next_for_launch(self.edges.now())? {
                Ok(left) => return Some(left),
                Err(LaunchCall::ListHooks) => self.list_launching_hooks().await,
                Err(LaunchCall::Say(word, hooks)) => self.say(word, hooks).await,
            }
        }
        self.node.next_for_launch(self.edges.now())?.ok()
    }

    fn note_launch(&mut self, event: LaunchEvent) {
        self.learn(Event::Launch(event));
        if let Err(error) = self.save() {
            warn!(%error, "the launch goes on, but the disk does not hold what it should");
        }
    }

    async fn list_launching_hooks(&mut self) {
        let Some(group) = &self.identity.group else {
            return;
        };
        let hooks = self.edges.lifecycle.hooks(group).await;
        if let Err(error) = &hooks {
            warn!(%error, "cannot ask for the group's launching hooks");
        }
        self.note_launch(LaunchEvent::Hooks(hooks.map_err(Into::into)));
    }

    /// Says the same to these hooks, until one call fails.
    async fn say(&mut self, word: Word, hooks: Vec<String>) {
        let asked = self.edges.now();
        let said = self.say_to(word, hooks).await;
        let told = match &said {
            Ok(said) => said.iter().any(|(_, waiting)| *waiting == Waiting::Heard),
            Err(error) => {
                warn!(%error, "cannot tell the group how the launch went");
                false
            }
        };
        let said = said.map_err(Into::into);
        self.note_launch(LaunchEvent::Said(word, said, asked));
        if self.node.launched().told {
            info!(heard = told, word = ?word, "launch told");
        }
    }

    async fn say_to(
        &self,
        word: Word,
        hooks: Vec<String>,
    ) -> Result<Vec<(String, Waiting)>, CloudError> {
        let mut said = Vec::new();
        for hook in hooks {
            let waiting = self.say_one(word, &hook).await?;
            said.push((hook, waiting));
        }
        Ok(said)
    }

    async fn say_one(&self, word: Word, hook: &str) -> Result<Waiting, CloudError> {
        let (lifecycle, instance) = (&self.edges.lifecycle, &self.identity.instance_id);
        let group = self.identity.group.as_deref().unwrap_or_default();
        let verdict = match word {
            // It asks for the hooks, which has been done.
            Word::Ask => return Ok(Waiting::Heard),
            Word::Longer => return lifecycle.heartbeat(group, hook, instance).await,
            Word::Ready => Verdict::Continue,
            Word::Failed => Verdict::Abandon,
        };
        lifecycle.complete(group, hook, instance, verdict).await
    }
}
