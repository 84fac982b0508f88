//! The group's terminating hooks: heartbeats while a departure goes on, and its end.

use tracing::info;

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::executor::group::OwnGroup;
use crate::run::memory::Memory;
use aws::lifecycle::Waiting;
use protocol::facts::hooks::HookCall;
use protocol::node::DepartureEvent;

/// Asks Auto Scaling, beside the rounds.
pub(super) async fn ask<O: Outside>(context: &Context<O>, memory: &mut Memory, call: HookCall) {
    let group = OwnGroup::of(&context.edges.lifecycle, &context.identity);
    let (Some(wanted), Some(group)) = (memory.node.waits_for(), group) else {
        return;
    };
    let named = context.settings.departure.hooks.clone();
    let known: Vec<String> = memory.node.hooks().map(str::to_owned).collect();
    let open: Vec<String> = memory.node.open_hooks().map(str::to_owned).collect();
    memory.learn_step(DepartureEvent::Asked(call), &context.edges);
    let answer = context.lanes.departure.ask(async move {
        match call {
            HookCall::List => DepartureEvent::Hooks(group.hooks_of(wanted, &named).await),
            HookCall::Beat => DepartureEvent::Beat(group.beat(&known).await),
            HookCall::Complete => DepartureEvent::Completed(group.complete(open).await),
        }
    });
    if let Some(event) = answer.await {
        hear(memory, &context.edges, event);
    }
}

/// Folds in what Auto Scaling has answered.
pub(in crate::run) fn hear(memory: &mut Memory, clock: &impl Now, event: DepartureEvent) {
    let told: Vec<(String, Waiting)> = match &event {
        DepartureEvent::Completed(said) => {
            let heard = said.iter();
            let heard = heard.filter_map(|(hook, said)| Some((hook.clone(), *said.as_ref().ok()?)));
            heard.collect()
        }
        _ => Vec::new(),
    };
    memory.learn_step(event, clock);
    for (hook, waiting) in told {
        if memory.node.open_hooks().all(|open| open != hook) {
            let heard = waiting == Waiting::Heard;
            info!(hook, heard, "lifecycle action completed");
        }
    }
}
