//! Calls to AWS that go on beside the rounds: while AWS does not answer, everything else happens in its time.
//!
//! A round waits for its calls together for [`SOON`], within which AWS answers when it does. What is answered later wakes the
//! loop, and is folded in before anything else. One call of a kind is under way at most; a stop ends them all.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::error::StepError;
use super::executor::ec2::{Lives, Refreshed};
use super::executor::groups;
use super::executor::key::Kept;
use super::executor::records::Recorded;
use super::executor::ticket::Put;
use super::lane::{Lane, Work};
use super::wake::Triggers;
use protocol::node::{DepartureEvent, LaunchEvent};

/// So long a round waits for AWS.
const SOON: Duration = Duration::from_secs(1);

/// One lane a kind of call.
pub(super) struct Lanes {
    until: Rc<Cell<Option<Instant>>>,
    /// Auto Scaling, about this node's end.
    pub(super) departure: Lane<DepartureEvent>,
    /// Auto Scaling, about its launch.
    pub(super) launch: Lane<LaunchEvent>,
    /// Auto Scaling, for a leader.
    pub(super) groups: Lane<groups::Heard>,
    /// EC2, for a leader: what instances are.
    pub(super) instances: Lane<Refreshed>,
    /// EC2, for a leader: whether they live.
    pub(super) lives: Lane<Result<Lives, StepError>>,
    /// Parameter Store, for a leader: the ticket.
    pub(super) ticket: Lane<Put>,
    /// The same, of managers' records.
    pub(super) records: Lane<Recorded>,
    /// The same, of the unlock key.
    pub(super) key: Lane<Kept>,
}

impl Default for Lanes {
    fn default() -> Self {
        let until = Rc::default();
        Self {
            departure: Lane::new(&until),
            launch: Lane::new(&until),
            groups: Lane::new(&until),
            instances: Lane::new(&until),
            lives: Lane::new(&until),
            ticket: Lane::new(&until),
            records: Lane::new(&until),
            key: Lane::new(&until),
            until,
        }
    }
}

impl Lanes {
    /// A round begins: from now on it waits so long.
    pub(super) fn begin(&self) {
        self.until.set(Some(Instant::now() + SOON));
    }

    /// The next answer to a call that is under way.
    async fn answer(&self) {
        poll_fn(|context| {
            let all: [&dyn Work; 8] = [
                &self.departure,
                &self.launch,
                &self.groups,
                &self.instances,
                &self.lives,
                &self.ticket,
                &self.records,
                &self.key,
            ];
            // Each goes on, also where another is answered.
            let answered = all.map(|lane| lane.go_on(context).is_ready());
            if answered.contains(&true) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

/// What wakes the agent, answers among it.
pub(super) struct Answers<'a, T> {
    triggers: &'a mut T,
    lanes: Rc<Lanes>,
}

impl<'a, T> Answers<'a, T> {
    pub(super) fn new(triggers: &'a mut T, lanes: &Rc<Lanes>) -> Self {
        let lanes = lanes.clone();
        Self { triggers, lanes }
    }
}

impl<T: Triggers> Triggers for Answers<'_, T> {
    async fn next(&mut self) -> Option<()> {
        tokio::select! {
            biased;
            happening = self.triggers.next() => happening,
            () = self.lanes.answer() => Some(()),
        }
    }
}
