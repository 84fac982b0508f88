//! A group that waits for its instances.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::cloud::CloudError;
use crate::cloud::lifecycle::{Hook, Lifecycle, Transition, Verdict, Waiting};

/// Clones are the same group.
#[derive(Clone, Default)]
pub(super) struct Group(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    hooks: Vec<Hook>,
    waiting: Vec<String>,
    heard: Vec<(String, Verdict)>,
    beats: usize,
    denied: bool,
    calls: usize,
}

impl Group {
    /// A hook that waits.
    pub(super) fn waits(&self, name: &str, transition: Transition) {
        let mut state = self.0.borrow_mut();
        state.waiting.push(name.to_owned());
        state.hooks.push(Hook {
            name: name.to_owned(),
            transition,
            timeout: Duration::from_mins(5),
        });
    }

    pub(super) fn waits_no_more(&self) {
        self.0.borrow_mut().waiting.clear();
    }

    pub(super) fn deny(&self, denied: bool) {
        self.0.borrow_mut().denied = denied;
    }

    pub(super) fn heard(&self) -> Vec<(String, Verdict)> {
        self.0.borrow().heard.clone()
    }

    pub(super) fn beats(&self) -> usize {
        self.0.borrow().beats
    }

    pub(super) fn calls(&self) -> usize {
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
        state.beats += 1;
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
