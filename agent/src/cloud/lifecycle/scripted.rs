//! A group that waits for its instances.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Hook, Lifecycle, Transition, Verdict, Waiting};
use crate::cloud::CloudError;

/// Clones are the same group.
#[derive(Clone, Default)]
pub(crate) struct Group(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    hooks: Vec<Hook>,
    waiting: Vec<String>,
    heard: Vec<(String, Verdict)>,
    /// When a hook began to wait, and when it heard a heartbeat.
    beats: Vec<Instant>,
    denied: bool,
    calls: usize,
}

impl Group {
    /// A hook that waits for five minutes.
    pub(crate) fn waits(&self, name: &str, transition: Transition) {
        self.waits_for(name, transition, Duration::from_mins(5));
    }

    /// A hook that waits from now on.
    pub(crate) fn waits_for(&self, name: &str, transition: Transition, timeout: Duration) {
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
    pub(crate) fn completes(&self, name: &str) {
        self.0
            .borrow_mut()
            .waiting
            .retain(|waiting| waiting != name);
    }

    pub(crate) fn waits_no_more(&self) {
        self.0.borrow_mut().waiting.clear();
    }

    pub(crate) fn deny(&self, denied: bool) {
        self.0.borrow_mut().denied = denied;
    }

    pub(crate) fn heard(&self) -> Vec<(String, Verdict)> {
        self.0.borrow().heard.clone()
    }

    pub(crate) fn beats(&self) -> usize {
        self.0.borrow().beats.len() - self.0.borrow().hooks.len()
    }

    /// The longest time that a hook has gone without a heartbeat, until now.
    pub(crate) fn longest_gap(&self) -> Duration {
        let beats = &self.0.borrow().beats;
        let next = beats.iter().skip(1).copied().chain([Instant::now()]);
        let gaps = beats.iter().zip(next).map(|(beat, next)| next - *beat);
        gaps.max().unwrap_or_default()
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.borrow().calls
    }

    fn call(&self, action: &'static str) -> Result<(), CloudError> {
        let mut state = self.0.borrow_mut();
        state.calls += 1;
        if state.denied {
            return Err(CloudError::Denied {
                action: action.into(),
                resource: "group".into(),
            });
        }
        Ok(())
    }
}

impl Lifecycle for Group {
    async fn hooks(&self, _: &str) -> Result<Vec<Hook>, CloudError> {
        self.call("autoscaling:DescribeLifecycleHooks")?;
        Ok(self.0.borrow().hooks.clone())
    }

    async fn heartbeat(&self, _: &str, hook: &str, _: &str) -> Result<Waiting, CloudError> {
        self.call("autoscaling:RecordLifecycleActionHeartbeat")?;
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
        self.call("autoscaling:CompleteLifecycleAction")?;
        let mut state = self.0.borrow_mut();
        let Some(place) = state.waiting.iter().position(|name| name == hook) else {
            return Ok(Waiting::NotWaiting);
        };
        state.waiting.remove(place);
        state.heard.push((hook.to_owned(), verdict));
        Ok(Waiting::Heard)
    }
}
