//! Tells the Auto Scaling group how the launch of this instance went, once.

use std::time::Duration;

use tracing::{info, warn};

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::executor::group::OwnGroup;
use crate::run::memory::Memory;
use aws::lifecycle::Waiting;
use protocol::node::{LaunchCall, LaunchEvent};

/// How often in one go it is looked at what is due; the rest waits for the next round.
const LOOKS: u32 = 6;

/// Does what is due; says when to look again. What fails here fails nothing else.
pub(in crate::run) async fn tell<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
) -> Option<Duration> {
    let edges = &context.edges;
    memory.note_launch(LaunchEvent::Seen, edges);
    // Once asked, what is due is known; and so it is when a hook turns out to be done.
    for _ in 0..LOOKS {
        match memory.node.next_for_launch(edges.now())? {
            Ok(left) => return Some(left),
            Err(call) => ask(context, memory, call).await,
        }
    }
    memory.node.next_for_launch(edges.now())?.ok()
}

/// Asks Auto Scaling, beside the rounds.
async fn ask<O: Outside>(context: &Context<O>, memory: &mut Memory, call: LaunchCall) {
    let edges = &context.edges;
    let Some(group) = OwnGroup::of(&edges.lifecycle, &context.identity) else {
        return;
    };
    memory.note_launch(LaunchEvent::Asked, edges);
    let asked = edges.now();
    let answer = context.lanes.launch.ask(async move {
        match call {
            LaunchCall::ListHooks => LaunchEvent::Hooks(group.hooks().await.map_err(Into::into)),
            LaunchCall::Say(word, hooks) => {
                let said = group.say(word, hooks).await.map_err(Into::into);
                LaunchEvent::Said(word, said, asked)
            }
        }
    });
    if let Some(event) = answer.await {
        hear(memory, edges, event);
    }
}

/// Folds in what Auto Scaling has answered.
pub(in crate::run) fn hear(memory: &mut Memory, clock: &impl Now, event: LaunchEvent) {
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
    memory.note_launch(event, clock);
    if let Some((word, heard)) = word.filter(|_| memory.node.launched().told) {
        info!(heard, word = ?word, "launch told");
    }
}
