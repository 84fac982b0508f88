//! Ages: everything timed is either new or old, lasts or does not.

use std::time::Duration;

use protocol::{Reading, Turn};

use crate::view::View;
use crate::world::Verdict;

/// Shorter than any gap, after as many looks as these.
pub(crate) const NOW: Duration = Duration::ZERO;
pub(crate) const SOON: Duration = Duration::from_secs(1);
pub(crate) const LATER: Duration = Duration::from_secs(2);
pub(crate) const MIDDLING: Duration = Duration::from_mins(1);
/// Longer than any.
pub(crate) const LONG: Duration = Duration::from_hours(9);
pub(crate) const LOOKS: u32 = 99;
/// Which ages are long.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one age, and all combine"
)]
pub(crate) struct Profile {
    pub(crate) ticket_is_old: bool,
    pub(crate) registers_are_old: bool,
    pub(crate) probes_are_old: bool,
    pub(crate) standing_is_old: bool,
    pub(crate) fleet_is_due: bool,
    pub(crate) lasting: Lasting,
}

/// How long things have been as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lasting {
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
}

/// All combinations that make a difference to this view and do not contradict each other.
pub(crate) fn profiles(view: &View) -> Vec<Profile> {
    let mut all = Vec::new();
    for lasting in [
        Lasting::Short,
        Lasting::Middling,
        Lasting::Long,
        Lasting::Enough,
    ] {
        for bits in 0..32_u8 {
            let bit = |n: u8| bits & (1 << n) != 0;
            all.push(Profile {
                ticket_is_old: bit(0),
                registers_are_old: bit(1),
                probes_are_old: bit(2),
                standing_is_old: bit(3),
                fleet_is_due: bit(4),
                lasting,
            });
        }
    }
    all.retain(|profile| profile.fits(view));
    all
}

impl Profile {
    /// What there is not has no age; probes are never older than the ticket they are of; in a loss
    /// that has lasted, what is new is from within it; while others have been answering for long,
    /// the own managers were asked now and then.
    fn fits(self, view: &View) -> bool {
        let mind = &view.mind;
        let exists = (mind.ticket.is_some() || !self.ticket_is_old)
            && (mind.registers.is_some() || !self.registers_are_old)
            && (mind.probes.is_some() || !self.probes_are_old)
            && (mind.verdict.is_some() || !self.standing_is_old);
        let ordered = !self.probes_are_old || self.ticket_is_old;
        let long_loss = view.has_no_leader() && self.lasted() > MIDDLING;
        let within = !long_loss
            || ((mind.ticket_in_loss || self.ticket_is_old || mind.ticket.is_none())
                && (mind.verdict_in_loss || self.standing_is_old || mind.verdict.is_none()));
        let answered = mind.probes.flatten().is_some() && mind.verdict == Some(Verdict::Silent);
        let both = !answered || self.standing_is_old || mind.silences >= self.lasting.silences();
        exists && ordered && within && both
    }

    pub(crate) fn lasted(self) -> Duration {
        match self.lasting {
            Lasting::Short => NOW,
            Lasting::Middling => MIDDLING,
            Lasting::Long | Lasting::Enough => LONG,
        }
    }

    pub(crate) fn reading<T>(self, value: T, age: Duration) -> Reading<T> {
        Reading {
            value: Ok(value),
            age,
            looks: LOOKS,
            lasted: self.lasted(),
            turn: Turn::default(),
        }
    }
}
