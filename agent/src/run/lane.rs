//! Calls of one kind that go on beside the rounds, one after another.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::time::{Instant, timeout_at};

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
    pub(super) fn new(until: &Rc<Cell<Option<Instant>>>) -> Self {
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
pub(super) trait Work {
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
