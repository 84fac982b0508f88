//! All times in a node's state, by name: for whoever moves them, as the model does, which has no clock.

use crate::node::state::Node;
use crate::{Series, Span, Stamp};

/// Which of a node's times.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TimeOf<'a> {
    /// The engine has been of one kind.
    Engine,
    /// The look at the engine that the next rounds may rest on.
    EngineCache,
    /// The engine was to be unlocked.
    Unlock,
    /// The engine has left a swarm.
    Left,
    /// What cannot be undone was done.
    Acted,
    /// A manager has not taken this node.
    Join,
    /// The ticket was read.
    Ticket,
    /// Until then the ticket is not read.
    Held,
    /// The registers were read.
    Registers,
    /// Another node's claim is waited for.
    Awaited,
    /// The ticket's managers were asked which swarm they serve.
    Probes,
    /// The managers were asked about this node.
    Standing,
    /// EC2's word about the life of an instance.
    Life(&'a str),
    /// The swarm's tasks that run here were counted.
    Tasks,
    /// Everything else: what a leader asks EC2, a departure's other steps, what is written down of this node.
    Other,
}

/// What gives a time another value.
pub(crate) type Retime<'a> = &'a mut dyn FnMut(TimeOf<'_>, Span) -> Span;

/// The times of a series, if there is one.
pub(crate) fn series<T>(slot: &mut Option<Series<T>>, mark: TimeOf<'_>, retime: Retime<'_>) {
    if let Some(series) = slot {
        series.retime(|span| retime(mark, span));
    }
}

/// A time of its own, if there is one: the last of its span.
pub(crate) fn stamp(slot: &mut Option<Stamp>, mark: TimeOf<'_>, retime: Retime<'_>) {
    if let Some(at) = slot {
        *at = retime(mark, Span::of(*at)).last;
    }
}

impl Node {
    /// Gives every time in it another value. A node all of whose times are moved by as much as the clock decides the same.
    pub fn retime(&mut self, retime: &mut dyn FnMut(TimeOf<'_>, Span) -> Span) {
        series(&mut self.engine, TimeOf::Engine, retime);
        series(&mut self.failing, TimeOf::Engine, retime);
        self.cache.retime(retime);
        series(&mut self.unlock, TimeOf::Unlock, retime);
        stamp(&mut self.left, TimeOf::Left, retime);
        stamp(&mut self.acted, TimeOf::Acted, retime);
        series(&mut self.join, TimeOf::Join, retime);
        series(&mut self.ticket, TimeOf::Ticket, retime);
        series(&mut self.recorded, TimeOf::Other, retime);
        stamp(&mut self.held, TimeOf::Held, retime);
        series(&mut self.registers, TimeOf::Registers, retime);
        series(&mut self.awaited, TimeOf::Awaited, retime);
        series(&mut self.probes, TimeOf::Probes, retime);
        series(&mut self.standing, TimeOf::Standing, retime);
        self.instances.retime(retime);
        self.progress.retime(retime);
        series(&mut self.launching.last, TimeOf::Other, retime);
    }
}
