//! The group's terminating hooks: heartbeats while a departure goes on, and its end.

use tracing::info;

use super::{Agent, Outside};
use aws::lifecycle::Waiting;
use protocol::facts::hooks::HookCall;
use protocol::node::DepartureEvent;

impl<O: Outside> Agent<O> {
    /// Asks Auto Scaling, beside the rounds.
    pub(super) async fn ask_group(&mut self, call: HookCall) {
        let (Some(wanted), Some(group)) = (self.node.waits_for(), self.own_group()) else {
            return;
        };
        let named = self.settings.departure.hooks.clone();
        let known: Vec<String> = self.node.hooks().map(str::to_owned).collect();
        let open: Vec<String> = self.node.open_hooks().map(str::to_owned).collect();
        self.learn_step(DepartureEvent::Asked(call));
        let lanes = self.lanes.clone();
        let answer = lanes.departure.ask(async move {
            match call {
                HookCall::List => DepartureEvent::Hooks(group.hooks_of(wanted, &named).await),
                HookCall::Beat => DepartureEvent::Beat(group.beat(&known).await),
                HookCall::Complete => DepartureEvent::Completed(group.complete(open).await),
            }
        });
        if let Some(event) = answer.await {
            self.hear_of_departure(event);
        }
    }

    /// Folds in what Auto Scaling has answered.
    pub(super) fn hear_of_departure(&mut self, event: DepartureEvent) {
        let told: Vec<(String, Waiting)> = match &event {
            DepartureEvent::Completed(said) => {
                let heard = said.iter();
                let heard =
                    heard.filter_map(|(hook, said)| Some((hook.clone(), *said.as_ref().ok()?)));
                heard.collect()
            }
            _ => Vec::new(),
        };
        self.learn_step(event);
        for (hook, waiting) in told {
            if self.node.open_hooks().all(|open| open != hook) {
                let heard = waiting == Waiting::Heard;
                info!(hook, heard, "lifecycle action completed");
            }
        }
    }
}
