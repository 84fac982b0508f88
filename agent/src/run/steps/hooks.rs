//! The group's terminating hooks: heartbeats while a departure goes on, and its end.

use tracing::info;

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::executor::group::OwnGroup;
use crate::run::memory::Memory;
use aws::lifecycle::Waiting;
use protocol::facts::hooks::{HookCall, Transition};
use protocol::node::DepartureEvent;

/// Asks which hooks of these kinds there are.
pub(super) async fn list<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    kinds: &'static [Transition],
) {
    let named = context.settings.departure.hooks.clone();
    let Some(group) = own_group(context) else {
        return;
    };
    let answer = async move { DepartureEvent::Hooks(group.hooks_of(kinds, &named).await) };
    ask(context, memory, HookCall::List, answer).await;
}

/// Has these wait for as long again.
pub(super) async fn beat<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    hooks: Vec<String>,
) {
    let Some(group) = own_group(context) else {
        return;
    };
    let answer = async move { DepartureEvent::Beat(group.beat(&hooks).await) };
    ask(context, memory, HookCall::Beat, answer).await;
}

/// Has the group go on, as far as it waits for these.
pub(super) async fn complete<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    hooks: Vec<String>,
) {
    let Some(group) = own_group(context) else {
        return;
    };
    let answer = async move { DepartureEvent::Completed(group.complete(hooks).await) };
    ask(context, memory, HookCall::Complete, answer).await;
}

fn own_group<O: Outside>(context: &Context<O>) -> Option<OwnGroup<O::Lifecycle>> {
    OwnGroup::of(&context.edges.lifecycle, &context.identity)
}

/// Asks beside the rounds.
async fn ask<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    call: HookCall,
    answer: impl Future<Output = DepartureEvent> + 'static,
) {
    memory.learn_step(DepartureEvent::Asked(call), &context.edges);
    let answer = context.lanes.departure.ask(answer);
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
