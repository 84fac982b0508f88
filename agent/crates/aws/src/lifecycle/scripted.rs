//! A group that waits for its instances.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Hook, Lifecycle, Transition, Verdict, Waiting};
use crate::{CloudError, groups};

/// Clones are the same group.
#[derive(Clone, Default)]
pub struct Group(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    hooks: Vec<Hook>,
    waiting: Vec<String>,
    heard: Vec<(String, Verdict)>,
    /// When a hook began to wait, and when it heard a heartbeat.
    beats: Vec<Instant>,
    denied: bool,
    silent: bool,
    answers: Rc<Notify>,
    calls: usize,
    described: Vec<groups::Group>,
    /// What was protected, and what was no longer, in this order.
    protections: Vec<(String, bool)>,
}

impl Group {
    /// A hook that waits for five minutes.
    pub fn waits(&self, name: &str, transition: Transition) {
        self.waits_for(name, transition, Duration::from_mins(5));
    }

    /// A hook that waits from now on.
    pub fn waits_for(&self, name: &str, transition: Transition, timeout: Duration) {
        let mut state = self.0.borrow_mut();
        state.waiting.push(name.to_owned());
        state.beats.push(Instant::now());
        state.hooks.push(Hook {
            name: name.to_owned(),
            transition,
            timeout,
        });
    }

    /// Somebody else has completed it.
    pub fn completes(&self, name: &str) {
        self.0
            .borrow_mut()
            .waiting
            .retain(|waiting| waiting != name);
    }

    /// No hook waits any more.
    pub fn waits_no_more(&self) {
        self.0.borrow_mut().waiting.clear();
    }

    /// Whether calls are denied.
    pub fn deny(&self, denied: bool) {
        self.0.borrow_mut().denied = denied;
    }

    /// The hooks that were completed, with what was said.
    pub fn heard(&self) -> Vec<(String, Verdict)> {
        self.0.borrow().heard.clone()
    }

    /// How many heartbeats there were.
    pub fn beats(&self) -> usize {
        self.0.borrow().beats.len() - self.0.borrow().hooks.len()
    }

    /// The longest time that a hook has gone without a heartbeat, until now.
    pub fn longest_gap(&self) -> Duration {
        let beats = &self.0.borrow().beats;
        let next = beats.iter().skip(1).copied().chain([Instant::now()]);
        let gaps = beats.iter().zip(next).map(|(beat, next)| next - *beat);
        gaps.max().unwrap_or_default()
    }

    /// Changes what Auto Scaling says of the one group that there is.
    pub fn group<R>(&self, change: impl FnOnce(&mut groups::Group) -> R) -> R {
        let described = &mut self.0.borrow_mut().described;
        if described.is_empty() {
            described.push(groups::Group::default());
        }
        change(&mut described[0])
    }

    /// The protections that were set, in their order.
    pub fn protections(&self) -> Vec<(String, bool)> {
        self.0.borrow().protections.clone()
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.0.borrow().calls
    }

    /// From now on nobody is answered; or all are, also those who wait.
    pub fn silence(&self, silent: bool) {
        self.0.borrow_mut().silent = silent;
        self.0.borrow().answers.notify_waiters();
    }

    async fn answer(&self, action: &'static str) -> Result<(), CloudError> {
        let answers = self.0.borrow().answers.clone();
        self.0.borrow_mut().calls += 1;
        while self.0.borrow().silent {
            answers.notified().await;
        }
        let state = self.0.borrow();
        if state.denied {
            return Err(CloudError::denied(action, "group"));
        }
        Ok(())
    }
}

impl Lifecycle for Group {
    async fn hooks(&self, _: &str) -> Result<Vec<Hook>, CloudError> {
        self.answer("autoscaling:DescribeLifecycleHooks").await?;
        Ok(self.0.borrow().hooks.clone())
    }

    async fn heartbeat(&self, _: &str, hook: &str, _: &str) -> Result<Waiting, CloudError> {
        self.answer("autoscaling:RecordLifecycleActionHeartbeat")
            .await?;
        let mut state = self.0.borrow_mut();
        state.beats.push(Instant::now());
        let waits = state.waiting.iter().any(|name| name == hook);
        Ok(if waits {
            Waiting::Heard
        } else {
            Waiting::NotWaiting
        })
    }

    async fn complete(
        &self,
        _: &str,
        hook: &str,
        _: &str,
        verdict: Verdict,
    ) -> Result<Waiting, CloudError> {
        self.answer("autoscaling:CompleteLifecycleAction").await?;
        let mut state = self.0.borrow_mut();
        let Some(place) = state.waiting.iter().position(|name| name == hook) else {
            return Ok(Waiting::NotWaiting);
        };
        state.waiting.remove(place);
        state.heard.push((hook.to_owned(), verdict));
        Ok(Waiting::Heard)
    }

    async fn groups(&self, names: &[String]) -> Result<Vec<groups::Group>, CloudError> {
        self.answer("autoscaling:DescribeAutoScalingGroups").await?;
        let described = self.0.borrow().described.clone();
        Ok(described
            .into_iter()
            .filter(|group| names.contains(&group.name))
            .collect())
    }

    async fn protect(
        &self,
        _: &str,
        instances: &[String],
        protected: bool,
    ) -> Result<(), CloudError> {
        self.answer("autoscaling:SetInstanceProtection").await?;
        let mut state = self.0.borrow_mut();
        let mut members: Vec<_> = state
            .described
            .iter_mut()
            .flat_map(|group| &mut group.members)
            .collect();
        members.retain(|member| instances.contains(&member.id) && member.in_service);
        if members.len() < instances.len() {
            return Err(CloudError::Failed {
                action: "autoscaling:SetInstanceProtection",
                cause: "one of them is not in InService".into(),
            });
        }
        for member in members {
            member.protected = protected;
        }
        state
            .protections
            .extend(instances.iter().map(|id| (id.clone(), protected)));
        Ok(())
    }
}
