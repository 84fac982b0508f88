//! Calls to AWS that go on beside the rounds: while AWS does not answer, everything else happens in its time.
//!
//! A round waits for its calls together for [`SOON`], within which AWS answers when it does. What is answered later wakes the
//! loop, and is folded in before anything else. One call of a kind is under way at most; a stop ends them all.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::chores::{Heard as GroupsHeard, Kept, Put, Recorded, Refreshed};
use super::{Agent, Outside, StepError, Triggers, ask};
use protocol::node::{DepartureEvent, LaunchEvent};

/// So long a round waits for AWS.
const SOON: Duration = Duration::from_secs(1);

type Call<T> = Pin<Box<dyn Future<Output = T>>>;

/// How it stands with the calls of one kind.
enum State<T> {
    Free,
    UnderWay(Call<T>),
    Answered(T),
}

/// The calls of one kind, one after another.
pub(super) struct Lane<T> {
    state: RefCell<State<T>>,
    /// Until when a round waits for answers; for as long as they take where there is no round.
    until: Rc<Cell<Option<Instant>>>,
}

impl<T> Lane<T> {
    fn new(until: &Rc<Cell<Option<Instant>>>) -> Self {
        Self {
            state: RefCell::new(State::Free),
            until: until.clone(),
        }
    }

    /// Whether no call is under way.
    pub(super) fn is_free(&self) -> bool {
        matches!(*self.state.borrow(), State::Free)
    }

    /// Begins a call, and gives its answer where that comes soon. The answer of one that may be under way counts as lost.
    pub(super) async fn ask(&self, call: impl Future<Output = T> + 'static) -> Option<T> {
        *self.state.borrow_mut() = State::UnderWay(Box::pin(call));
        match self.until.get() {
            Some(until) => timeout_at(until, self.answered()).await.ok()?,
            None => self.answered().await,
        }
        self.take()
    }

    /// Until the call under way is answered.
    async fn answered(&self) {
        poll_fn(|context| {
            let _ = self.go_on(context);
            match *self.state.borrow() {
                State::UnderWay(_) => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
    }

    /// An answer that has come meanwhile.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.state.borrow_mut();
        if let State::UnderWay(_) = *state {
            return None;
        }
        match std::mem::replace(&mut *state, State::Free) {
            State::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

/// What goes on when it is polled, and is ready in the moment in which it is answered.
trait Work {
    fn go_on(&self, context: &mut Context<'_>) -> Poll<()>;
}

impl<T> Work for Lane<T> {
    fn go_on(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        let State::UnderWay(call) = &mut *state else {
            return Poll::Pending;
        };
        call.as_mut().poll(context).map(|answer| {
            *state = State::Answered(answer);
        })
    }
}

/// One lane a kind of call.
pub(super) struct Lanes {
    until: Rc<Cell<Option<Instant>>>,
    /// Auto Scaling, about this node's end.
    pub(super) departure: Lane<DepartureEvent>,
    /// Auto Scaling, about its launch.
    pub(super) launch: Lane<LaunchEvent>,
    /// Auto Scaling, for a leader.
    pub(super) groups: Lane<GroupsHeard>,
    /// EC2, for a leader: what instances are.
    pub(super) instances: Lane<Refreshed>,
    /// EC2, for a leader: whether they live.
    pub(super) lives: Lane<Result<ask::Lives, StepError>>,
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

impl<O: Outside> Agent<O> {
    /// A round begins: what has been answered meanwhile comes before anything else.
    pub(super) fn hear(&mut self) {
        let lanes = self.lanes.clone();
        lanes.until.set(Some(Instant::now() + SOON));
        if let Some(event) = lanes.departure.take() {
            self.hear_of_departure(event);
        }
        if let Some(event) = lanes.launch.take() {
            self.hear_of_launch(event);
        }
        if let Some(put) = lanes.ticket.take() {
            let done = self.hear_ticket(put);
            self.chores.late("ticket", done);
        }
        if let Some(recorded) = lanes.records.take() {
            let done = self.hear_records(recorded);
            self.chores.late("records", done);
        }
        if let Some(kept) = lanes.key.take() {
            let done = self.hear_key(kept);
            self.chores.late("unlock-key", done);
        }
        if let Some(refreshed) = lanes.instances.take() {
            let done = self.hear_instances(refreshed);
            self.chores.late("instances", done);
        }
        if let Some(lives) = lanes.lives.take() {
            let done = lives.and_then(|lives| self.hear_lives(lives));
            self.chores.late("reap", done);
        }
        if let Some(heard) = lanes.groups.take() {
            let done = self.chores.hear_groups(heard, self.edges.now());
            self.chores.late("protection", done);
        }
    }
}
