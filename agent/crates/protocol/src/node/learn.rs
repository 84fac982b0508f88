//! How what a node knows changes: each answer is folded into what was known before.

use std::mem::take;
use std::time::Duration;

use crate::addressing::{self, Choice};
use crate::departure::Cause;
use crate::departure::latch::{Heard, Wall, settle};
use crate::node::event::{Act, Event};
use crate::node::files::{Acts, Files};
use crate::node::launch::{Launching, Waited};
use crate::node::progress::Progress;
use crate::node::state::Node;
use crate::pace::{IN_A_ROW, SERIES, crowd, part_of};
use crate::{
    Answer, EngineState, Identity, Kind, Membership, Moment, Probed, Registers, Role, Series,
    Ticket, Validity, Verdict, leaderless, verdict,
};

impl Node {
    /// Folds in what was learnt just now.
    pub fn learn(&mut self, event: Event<'_>, now: Moment) {
        match event {
            Event::Round => self.cache.begin_round(),
            Event::Stale => self.cache.forget(),
            Event::Heard(heard) => self.hear(heard, now),
            Event::Consent(given) => self.consent = given,
            Event::Engine(state) => self.look(state, now),
            Event::Ticket(answer) => self.read_ticket(answer, now),
            Event::Registers(answer) => self.read_registers(answer, now),
            Event::Probed(answers) => self.probe(answers, now),
            Event::Standing(answers) => self.ask(&answers, now),
            Event::Instances(reply) => self.instances.see(&reply, now),
            Event::Unlocked(answer) => {
                Series::hear(&mut self.unlock, answer, |(), ()| true, now);
            }
            Event::JoinFailed(cause) => {
                Series::see(&mut self.join, cause, |_, _| true, IN_A_ROW, now);
            }
            Event::Remembered(membership) => self.belong(membership, now),
            Event::NodeRecorded(answer) => {
                Series::hear(&mut self.recorded, answer, |_, _| true, now);
            }
            Event::Peers(peers) => self.keep_peers(peers),
            Event::Availability(own) => self.availability = own,
            Event::Nonce(epoch, nonce) => self.keep_nonce(epoch, nonce),
            Event::Saved(name) => drop(self.unsaved.remove(&name)),
            Event::Recorded(act) => self.record(act, now),
            Event::TakenBack => self.take_back(),
            Event::NothingForced => self.settle(),
            Event::Left => self.leave(now),
            Event::Departure(event) => self.depart(event, now),
            Event::Launch(event) => self.learn_launch(event, now),
        }
    }

    /// Settles what was heard into the one departure.
    fn hear(&mut self, heard: Heard, now: Moment) {
        let wall = Wall {
            now: now.unix,
            boot: &self.own.boot,
        };
        let rules = &self.policy.departure;
        let next = settle(self.files.departure.as_ref(), &heard, rules, wall);
        self.heard = heard;
        let before = self.cause();
        self.keep_departure(|departure| *departure = next);
        if self.cause() != before {
            let shortest = self.files.launch.end_hook.map(Duration::from_secs);
            self.progress = Progress::begin(shortest, now);
            if before == Some(Cause::Drain) && self.cause().is_some() {
                self.progress.say_again();
            }
        }
    }

    /// For how long the engine has been of one kind is this agent's watch: Docker does not tell.
    fn look(&mut self, state: EngineState, now: Moment) {
        // What was said in an earlier loss says nothing of how long this one lasts.
        let known = self.kind();
        if state.kind() == Kind::NoLeader && known.is_some_and(|kind| kind != Kind::NoLeader) {
            self.standing = None;
            self.probes = None;
        }
        match state.kind() {
            Kind::Error => {
                let validity = state.validity(now.unix);
                let same = |before: &_, now: &_| is_as_before(*before, *now);
                Series::see(&mut self.failing, validity, same, SERIES, now);
            }
            Kind::Pending | Kind::Down => {}
            _ => self.failing = None,
        }
        if state.kind() != Kind::Manager {
            self.availability = None;
        }
        self.cache.looked(&state, now);
        let same = |old: &EngineState, new: &EngineState| old.kind() == new.kind();
        Series::see(&mut self.engine, state, same, SERIES, now);
    }

    /// After a refusal for too many requests a worker asks at some time of its own. Managers, of which there are few,
    /// go first: everybody waits for them.
    fn read_ticket(&mut self, answer: Answer<Option<Ticket>>, now: Moment) {
        Series::hear(&mut self.ticket, answer, |old, new| old == new, now);
        if let (Role::Worker, Some(refusals)) = (self.own.role, self.refusals()) {
            self.held = Some(now.after(part_of(now.random, crowd(refusals))));
        }
    }

    /// Starts or goes on waiting for another node's claim. An answer that does not come ends no waiting.
    fn read_registers(&mut self, answer: Answer<Registers>, now: Moment) {
        if let Ok(registers) = &answer {
            let claim = registers.claim.as_ref();
            let awaited = claim.filter(|_| !registers.claim_is_mine && registers.outcome.is_none());
            match awaited {
                Some(claim) => {
                    let nonce = claim.nonce.clone();
                    Series::see(&mut self.awaited, nonce, String::eq, SERIES, now);
                }
                None => self.awaited = None,
            }
        }
        Series::hear(&mut self.registers, answer, Registers::eq, now);
    }

    /// Answers are of one kind while somebody can take this node, or nobody.
    fn probe(&mut self, answers: Vec<Probed>, now: Moment) {
        let Some(ticket) = self
            .ticket
            .as_ref()
            .and_then(Series::answer)
            .and_then(Option::as_ref)
        else {
            return;
        };
        let able = |answers: &Vec<Probed>| {
            matches!(addressing::choose(ticket, answers, 0), Choice::Join(_))
        };
        let same = |old: &Vec<Probed>, new: &Vec<Probed>| able(old) == able(new);
        Series::hear(&mut self.probes, Ok(answers), same, now);
    }

    fn ask(&mut self, answers: &[Probed], now: Moment) {
        if let Some(identity) = self.identity() {
            let said = Self::said(identity, answers);
            self.stand(said, now);
        }
    }

    fn said(identity: &Identity, answers: &[Probed]) -> (Verdict, usize) {
        (verdict(identity, answers), leaderless(identity, answers))
    }

    /// Managers without a leader and managers that are silent are the same to a member. For how long others have been
    /// answering counts from when the own ones fell silent.
    fn stand(&mut self, said: (Verdict, usize), now: Moment) {
        if said.0 == Verdict::Member {
            self.probes = None;
        }
        let bereft = |v: &Verdict| matches!(v, Verdict::NoLeader | Verdict::Silent);
        let same = |(old, _): &(Verdict, usize), (new, _): &(Verdict, usize)| {
            old == new || (bereft(old) && bereft(new))
        };
        Series::see(&mut self.standing, said, same, SERIES, now);
    }

    /// A manager has just taken this node, or it was shown to belong where it is.
    fn belong(&mut self, membership: Membership, now: Moment) {
        self.keep_membership(Some(membership));
        self.settle();
        self.join = None;
        self.left = None;
        self.standing = None;
        self.stand((Verdict::Member, 0), now);
    }

    /// It is on disk: nobody is told of an act that is not.
    fn record(&mut self, act: Act, now: Moment) {
        self.files.acts = self.record_of(act, now);
        self.acted = Some(now.stamp());
    }

    fn take_back(&mut self) {
        self.acted = None;
        let forced = self.files.acts.forced;
        self.keep_acts(Acts { at: None, forced });
    }

    /// What was forced is settled.
    fn settle(&mut self) {
        let at = self.files.acts.at;
        self.keep_acts(Acts { at, forced: None });
    }

    /// The engine has left: what was known of the swarm it was in is of no use any more.
    pub(super) fn leave(&mut self, now: Moment) {
        self.keep_membership(None);
        self.keep_peers(Vec::new());
        self.settle();
        // What its entry said went with the entry: in a swarm that it joins next it says so again.
        self.note(|departure| departure.marked = false);
        // Nor of its launch.
        self.files.waited = Waited::default();
        let blank = Self::start(self.own.clone(), self.policy.clone(), Files::default(), now);
        *self = Self {
            left: Some(now.stamp()),
            acted: self.acted,
            files: take(&mut self.files),
            unsaved: take(&mut self.unsaved),
            heard: take(&mut self.heard),
            progress: take(&mut self.progress),
            launching: Launching {
                hooks: None,
                ..take(&mut self.launching)
            },
            ..blank
        };
    }
}

/// A wrong clock proves nothing, nor does what was concluded from it: what comes of a failure counts from when there is none.
fn is_as_before(before: Option<Validity>, now: Option<Validity>) -> bool {
    let clock = |seen| matches!(seen, Some(Validity::NotYet | Validity::Now));
    before == now || !clock(before) && !clock(now)
}

#[cfg(test)]
#[path = "learn_tests.rs"]
mod tests;
