//! What came of a departure's steps, folded into the departure itself and into how far it has come.

use crate::departure::Departure;
use crate::node::event::DepartureEvent;
use crate::node::state::Node;
use crate::{Answer, Moment};

impl Node {
    pub(super) fn depart(&mut self, event: DepartureEvent, now: Moment) {
        match event {
            DepartureEvent::Announced(answer) => self.announce(answer, now),
            DepartureEvent::Marked(answer) => self.mark(answer, now),
            DepartureEvent::Retracted(answer) => self.retract(answer, now),
            DepartureEvent::Tasks(answer) => self.progress.tasks(answer, now),
            DepartureEvent::Departed => self.has_departed(now),
            DepartureEvent::NotDeparted(trouble) => self.progress.not_left(trouble, now),
            DepartureEvent::Asked(call) => self.progress.ask(call),
            DepartureEvent::Hooks(answer) => self.progress.hooks(answer, now),
            DepartureEvent::Beat(answer) => self.progress.beat(answer, now),
            DepartureEvent::Completed(said) => {
                let ended = self.progress.completed(said, now);
                if ended {
                    self.note(|departure| departure.completed = true);
                }
            }
        }
    }

    pub(super) fn note(&mut self, change: impl FnOnce(&mut Departure)) {
        self.keep_departure(|departure| {
            if let Some(departure) = departure {
                change(departure);
            }
        });
    }

    /// From the first time on: it is said again where nobody seems to hear it.
    fn announce(&mut self, answer: Answer<()>, now: Moment) {
        if answer.is_ok() {
            self.note(|departure| {
                departure.announced.get_or_insert(now.unix);
            });
        }
        self.progress.telling(answer, now);
    }

    fn mark(&mut self, answer: Answer<()>, now: Moment) {
        if answer.is_ok() {
            self.note(|departure| departure.marked = true);
        }
        self.progress.telling(answer, now);
    }

    fn retract(&mut self, answer: Answer<()>, now: Moment) {
        if answer.is_ok() {
            self.keep_departure(|departure| *departure = None);
        }
        self.progress.telling(answer, now);
    }

    /// It is out of the swarm, and departs until its cause is gone.
    fn has_departed(&mut self, now: Moment) {
        self.leave(now);
        self.note(|departure| departure.left = true);
        if let Some(departure) = &self.files.departure {
            self.progress.left(departure, now);
        }
    }
}
