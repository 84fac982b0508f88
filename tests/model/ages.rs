//! Ages: everything timed is either new or old, lasts or does not. There is no clock: a turn chooses all of them anew.

use std::time::Duration;

use protocol::node::{Node, TimeOf};
use protocol::{Kind, Life, Moment, Observation, ProbeAnswer, Reading, Span, Verdict, pace};

use crate::heard::Heard;
use crate::names::{instance, instance_of};
use crate::set::Set;

/// Every turn is now, long after the machine's boot.
pub(crate) const NOW: Moment = Moment {
    up: Duration::from_hours(24 * 365),
    unix: 1_000_000_000,
    random: 0,
};
/// Shorter than any gap, after as many looks as these.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(2);
const MIDDLING: Duration = Duration::from_mins(1);
/// Longer than any.
const LONG: Duration = Duration::from_hours(9);
const LOOKS: u32 = 99;
/// How long a holder of a claim is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_hours(18);
/// How long a departure may take.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_mins(5);
/// How many nodes EC2 may be asked about.
pub(crate) const NODES: u8 = 5;

/// What is known of a mind's times: for some pairs, which of the two came later.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "which of two things came later, each"
)]
pub(crate) struct Order {
    /// The ticket was read after EC2's last word of an end.
    pub(crate) ticket_after_word: bool,
    /// The ticket's managers were asked after it was read.
    pub(crate) probes_after_ticket: bool,
    /// The ticket was read while this manager has had no leader.
    ticket_in_loss: bool,
    /// The managers were asked while this manager has had no leader.
    standing_in_loss: bool,
    /// The managers were asked before the last act, and the next one comes ten minutes later.
    standing_before_act: bool,
    /// The ticket's managers, one of which can take this node, were asked after the own ones.
    able_since_asked: bool,
    /// How often in a row the managers were silent while the ticket's answered: two are many.
    silences: u8,
}

impl Order {
    /// What follows from what was just heard, after which a node is as it is now.
    pub(crate) fn after(mut self, before: Option<Kind>, now: &Node, heard: Heard) -> Self {
        let in_loss = now.kind() == Some(Kind::NoLeader);
        if now.kind() != before {
            self.ticket_in_loss = false;
            self.standing_in_loss = false;
            self.standing_before_act = false;
            if in_loss && before.is_some() {
                self.forget_probes();
                self.silences = 0;
            }
        }
        match heard {
            Heard::Ticket(_) => {
                self.ticket_after_word = !gone(now).is_empty();
                self.ticket_in_loss = in_loss;
                self.probes_after_ticket = false;
            }
            Heard::Probed(able) => {
                self.probes_after_ticket = true;
                self.able_since_asked = able.is_some();
                self.silences *= u8::from(able.is_some());
            }
            Heard::Standing {
                member, removed, ..
            } => {
                self.standing_in_loss = in_loss;
                self.standing_before_act = false;
                let silent = member.is_empty() && removed.is_empty();
                let more = self.silences + u8::from(self.able_since_asked);
                self.silences = if silent { more.min(2) } else { 0 };
                self.able_since_asked = false;
                if !member.is_empty() {
                    self.forget_probes();
                }
            }
            Heard::Told { asked, gone } => {
                self.ticket_after_word &= asked.iter().all(|id| !gone.has(id));
            }
            Heard::ActRecorded(_) => self.standing_before_act = true,
            Heard::Remembered { .. } => {
                self.standing_in_loss = false;
                self.standing_before_act = false;
                self.silences = 0;
                self.forget_probes();
            }
            Heard::Left => self = Self::default(),
            _ => {}
        }
        self
    }

    fn forget_probes(&mut self) {
        self.probes_after_ticket = false;
        self.able_since_asked = false;
    }
}

/// Which ages are long.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one age, and all combine"
)]
pub(crate) struct Profile {
    ticket_is_old: bool,
    registers_are_old: bool,
    probes_are_old: bool,
    standing_is_old: bool,
    fleet_is_due: bool,
    failure_is_old: bool,
    tasks_are_old: bool,
    clock: Clock,
    lasting: Lasting,
}

/// Where the wall clock is in a departure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Clock {
    Begins,
    /// Managers have heard what the engine says.
    IsHeard,
    /// Its time is up.
    IsDue,
}

impl Clock {
    fn time(self) -> u64 {
        match self {
            Self::Begins => 0,
            Self::IsHeard => pace::ANNOUNCED.as_secs(),
            Self::IsDue => DRAIN_LIMIT.as_secs(),
        }
    }
}

/// Everything is of this moment.
pub(crate) const NEW: Profile = Profile {
    ticket_is_old: false,
    registers_are_old: false,
    probes_are_old: false,
    standing_is_old: false,
    fleet_is_due: false,
    failure_is_old: false,
    tasks_are_old: false,
    clock: Clock::Begins,
    lasting: Lasting::Short,
};

/// How long things have been as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lasting {
    Short,
    /// Long enough to move to a newer swarm, not to give up this one's managers.
    Middling,
    Long,
    /// Also longer than a holder is waited for.
    Enough,
}

impl Lasting {
    /// A node asks its managers every half minute: so often within this time, at least.
    fn silences(self) -> u8 {
        match self {
            Self::Short => 0,
            Self::Middling => 1,
            Self::Long | Self::Enough => 2,
        }
    }

    fn time(self) -> Duration {
        match self {
            Self::Short => Duration::ZERO,
            Self::Middling => MIDDLING,
            Self::Long | Self::Enough => LONG,
        }
    }

    fn waited(self) -> Duration {
        match self {
            Self::Short | Self::Middling => Duration::ZERO,
            Self::Long => LONG,
            Self::Enough => PATIENCE,
        }
    }
}

/// All combinations that make a difference to what is seen and do not contradict each other. `lasts` says whether the
/// engine is as it was at the look before.
pub(crate) fn profiles(seen: &Observation, order: Order, lasts: bool) -> Vec<Profile> {
    let mut all = Vec::new();
    for lasting in [
        Lasting::Short,
        Lasting::Middling,
        Lasting::Long,
        Lasting::Enough,
    ] {
        for bits in 0..512_u16 {
            let bit = |n: u16| bits & (1 << n) != 0;
            let clock = match bits >> 7 {
                0 => Clock::Begins,
                1 => Clock::IsHeard,
                2 => Clock::IsDue,
                _ => continue,
            };
            all.push(Profile {
                ticket_is_old: bit(0),
                registers_are_old: bit(1),
                probes_are_old: bit(2),
                standing_is_old: bit(3),
                fleet_is_due: bit(4),
                failure_is_old: bit(5),
                tasks_are_old: bit(6),
                clock,
                lasting,
            });
        }
    }
    all.retain(|profile| profile.fits(seen, order, lasts));
    all
}

impl Profile {
    /// What there is not has no age; probes are never older than the ticket they are of; in a loss
    /// that has lasted, what is new is from within it; while others have been answering for long,
    /// the own managers were asked now and then.
    fn fits(self, seen: &Observation, order: Order, lasts: bool) -> bool {
        let exists = (seen.ticket.is_some() || !self.ticket_is_old)
            && (seen.registers.is_some() || !self.registers_are_old)
            && (seen.managers.is_some() || !self.probes_are_old)
            && (seen.standing.is_some() || !self.standing_is_old)
            && (seen.join.is_some() || !self.failure_is_old);
        let departs = seen.departure.is_some();
        let exists = exists && (departs || (!self.tasks_are_old && self.clock == Clock::Begins));
        let rested = !order.standing_before_act || self.standing_is_old || seen.standing.is_none();
        let ordered = !self.probes_are_old || self.ticket_is_old || !order.probes_after_ticket;
        let in_loss = lasts && seen.engine.kind() == Kind::NoLeader;
        let long_loss = in_loss && self.lasting.time() > MIDDLING;
        let within = !long_loss
            || ((order.ticket_in_loss || self.ticket_is_old || seen.ticket.is_none())
                && (order.standing_in_loss || self.standing_is_old || seen.standing.is_none()));
        let answered = order.probes_after_ticket && is_able(seen) && is_silent(seen);
        let both = !answered || self.standing_is_old || order.silences >= self.lasting.silences();
        exists && rested && ordered && within && both
    }

    pub(crate) fn now(self) -> Moment {
        Moment {
            unix: NOW.unix + self.clock.time(),
            ..NOW
        }
    }

    pub(crate) fn is_due(self) -> bool {
        self.clock == Clock::IsDue
    }

    fn ticket_age(self, order: Order) -> Duration {
        // A ticket read after EC2's word is younger than that word.
        let read = if order.ticket_after_word {
            SOON
        } else {
            LATER + SOON
        };
        age(self.ticket_is_old, read)
    }

    /// The times of one thing.
    fn span(self, order: Order, mark: TimeOf<'_>, gone: Set) -> Span {
        let lasted = self.lasting.time();
        let (age, lasted, looks) = match mark {
            TimeOf::Ticket => (self.ticket_age(order), lasted, LOOKS),
            TimeOf::Registers => (age(self.registers_are_old, Duration::ZERO), lasted, LOOKS),
            TimeOf::Probes if order.probes_after_ticket => {
                (age(self.probes_are_old, Duration::ZERO), lasted, LOOKS)
            }
            TimeOf::Probes => (self.ticket_age(order) + LONG, lasted, LOOKS),
            TimeOf::Standing => {
                let asked = if order.able_since_asked {
                    SOON
                } else {
                    Duration::ZERO
                };
                let looks = if self.lasting == Lasting::Short {
                    1
                } else {
                    LOOKS
                };
                (age(self.standing_is_old, asked), lasted, looks)
            }
            // Those that are gone have been heard of twice.
            TimeOf::Life(id) if gone.has(instance_of(id)) => (LATER, LONG, 2),
            TimeOf::Life(_) => (age(self.fleet_is_due, Duration::ZERO), Duration::ZERO, 2),
            TimeOf::Awaited => (Duration::ZERO, self.lasting.waited(), LOOKS),
            TimeOf::Join => (age(self.failure_is_old, LATER), Duration::ZERO, 1),
            TimeOf::Tasks => (age(self.tasks_are_old, Duration::ZERO), lasted, LOOKS),
            // The last act is always long ago.
            TimeOf::Acted | TimeOf::Left => (LONG, Duration::ZERO, 1),
            _ => (Duration::ZERO, lasted, LOOKS),
        };
        Span {
            first: NOW.ago(age + lasted),
            last: NOW.ago(age),
            looks,
        }
    }
}

fn age(is_old: bool, new: Duration) -> Duration {
    if is_old { LONG + new } else { new }
}

/// One of the ticket's managers can take this node.
fn is_able(seen: &Observation) -> bool {
    let answers = seen.managers.as_ref().and_then(Reading::value);
    let manager = |answer: &ProbeAnswer| matches!(answer, ProbeAnswer::Manager { .. });
    answers.is_some_and(|answers| answers.iter().any(|probed| manager(&probed.answer)))
}

fn is_silent(seen: &Observation) -> bool {
    let verdict = seen.standing.as_ref().map(|standing| standing.verdict);
    matches!(verdict, Some(Verdict::Silent | Verdict::NoLeader))
}

/// Who is terminated, by EC2's word.
pub(crate) fn gone(node: &Node) -> Set {
    let names: Vec<String> = (0..NODES).map(instance).collect();
    let fleet = node
        .instances()
        .fleet(names.iter().map(String::as_str), NOW);
    let gone = |id: &u8| fleet.life(&instance(*id)) == Some(Life::Terminated);
    (0..NODES).filter(gone).collect()
}

/// A mind with times.
pub(crate) fn aged(mind: &Node, order: Order, profile: Profile) -> Node {
    let gone = gone(mind);
    let mut node = mind.clone();
    node.retime(&mut |mark, _| profile.span(order, mark, gone));
    node
}
