//! Tells the Auto Scaling group how the launch of this instance went, once.

use std::time::Duration;

use tracing::{info, warn};

use super::{Agent, Outside};
use aws::lifecycle::Waiting;
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
                Err(call) => self.ask_of_launch(call).await,
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

    /// Asks Auto Scaling, beside the rounds.
    async fn ask_of_launch(&mut self, call: LaunchCall) {
        let Some(group) = self.own_group() else {
            return;
        };
        self.note_launch(LaunchEvent::Asked);
        let (asked, lanes) = (self.edges.now(), self.lanes.clone());
        let answer = lanes.launch.ask(async move {
            match call {
                LaunchCall::ListHooks => {
                    LaunchEvent::Hooks(group.hooks().await.map_err(Into::into))
                }
                LaunchCall::Say(word, hooks) => {
                    let said = group.say(word, hooks).await.map_err(Into::into);
                    LaunchEvent::Said(word, said, asked)
                }
            }
        });
        if let Some(event) = answer.await {
            self.hear_of_launch(event);
        }
    }

    /// Folds in what Auto Scaling has answered.
    pub(super) fn hear_of_launch(&mut self, event: LaunchEvent) {
        let word = match &event {
            LaunchEvent::Hooks(Err(error)) => {
                warn!(%error, "cannot ask for the group's launching hooks");
                None
            }
            LaunchEvent::Said(_, Err(error), _) => {
                warn!(%error, "cannot tell the group how the launch went");
                None
            }
            LaunchEvent::Said(word, Ok(said), _) => {
                let heard = said.iter().any(|(_, waiting)| *waiting == Waiting::Heard);
                Some((*word, heard))
            }
            _ => None,
        };
        self.note_launch(event);
        if let Some((word, heard)) = word.filter(|_| self.node.launched().told) {
            info!(heard, word = ?word, "launch told");
        }
    }
}
