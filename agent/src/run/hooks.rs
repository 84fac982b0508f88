//! The group's terminating hooks: heartbeats while a departure goes on, and its end.

use std::time::Duration;

use tracing::{info, warn};

use super::{Agent, Outside};
use aws::lifecycle::{Hook, Lifecycle, Transition, Verdict, Waiting};
use protocol::Series;
use protocol::departure::Cause;
use protocol::departure::notice::Target;

/// A hook whose time limit is not known has the shortest that there is.
const SHORTEST: Duration = Duration::from_secs(30);

impl<O: Outside> Agent<O> {
    /// Which of the group's hooks may wait for this node: those of its end, and in a warm pool,
    /// which an instance may enter from either side, all.
    pub(super) fn waits_for(&self) -> Option<&'static [Transition]> {
        let departure = self.departure.as_ref().filter(|d| !d.completed)?;
        self.node.group.as_ref()?;
        let target = self.edges.heard.borrow().notices.target;
        match (target, departure.cause) {
            (Some(Target::Warmed), _) | (None, Cause::WarmPool) => {
                Some(&[Transition::Launching, Transition::Terminating])
            }
            (Some(Target::Terminated), _) | (_, Cause::ScaleIn) => Some(&[Transition::Terminating]),
            _ => None,
        }
    }

    pub(super) async fn list_hooks(&mut self) {
        let (Some(wanted), Some(group)) = (self.waits_for(), &self.node.group) else {
            return;
        };
        let named = &self.settings.departure.hooks;
        let hooks = if named.is_empty() {
            self.edges.lifecycle.hooks(group).await
        } else {
            Ok(named.iter().map(|name| by_name(name)).collect())
        };
        let hooks = hooks.map(|mut hooks| {
            hooks.retain(|hook| wanted.contains(&hook.transition));
            hooks
        });
        let hooks = hooks.map_err(Into::into);
        let now = self.edges.now();
        Series::hear(&mut self.knowledge.progress.hooks, hooks, |_, _| true, now);
    }

    fn hooks(&self) -> Vec<String> {
        let hooks = self.knowledge.progress.hooks.as_ref();
        let hooks = hooks.and_then(Series::answer).into_iter().flatten();
        hooks.map(|hook| hook.name.clone()).collect()
    }

    pub(super) async fn heartbeat(&mut self) {
        let Some(group) = self.node.group.clone() else {
            return;
        };
        let mut beaten = Ok(());
        for hook in self.hooks() {
            let instance = &self.node.instance_id;
            let beat = self.edges.lifecycle.heartbeat(&group, &hook, instance);
            if let Err(error) = beat.await {
                warn!(%error, hook, "no heartbeat");
                beaten = Err(error.into());
            }
        }
        let now = self.edges.now();
        Series::hear(
            &mut self.knowledge.progress.beat,
            beaten,
            |(), ()| true,
            now,
        );
    }

    /// Has every hook that waits for this node go on.
    pub(super) async fn complete_lifecycle(&mut self) {
        let Some(group) = self.node.group.clone() else {
            return;
        };
        let last = self.knowledge.progress.completing.as_ref();
        let said_before = last.is_some_and(|last| last.answer().is_some());
        let mut open = None;
        for hook in self.hooks() {
            if self.knowledge.progress.done.contains(&hook) {
                continue;
            }
            let instance = &self.node.instance_id;
            let lifecycle = &self.edges.lifecycle;
            let verdict = Verdict::Continue;
            match lifecycle.complete(&group, &hook, instance, verdict).await {
                Ok(Waiting::NotWaiting) if !said_before => open = open.or(Some(Ok(()))),
                Ok(waiting) => {
                    info!(
                        hook,
                        heard = waiting == Waiting::Heard,
                        "lifecycle action completed"
                    );
                    self.knowledge.progress.done.insert(hook);
                }
                Err(error) => {
                    warn!(%error, hook, "lifecycle action not completed");
                    open = Some(Err(error.into()));
                }
            }
        }
        match open {
            Some(last) => {
                let now = self.edges.now();
                Series::hear(
                    &mut self.knowledge.progress.completing,
                    last,
                    |(), ()| true,
                    now,
                );
            }
            None => self.note_departure(|departure| departure.completed = true),
        }
    }
}

fn by_name(name: &str) -> Hook {
    Hook {
        name: name.to_owned(),
        transition: Transition::Terminating,
        timeout: SHORTEST,
    }
}
