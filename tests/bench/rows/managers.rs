//! Managers, their engines up: the first, the second and third after it, all three at once.

use anyhow::Result;
use lab::Lab;

use crate::results::Results;
use crate::trio::{ByHand, Ours, Trio};

/// By hand and by swarmlet, on three machines each.
pub(crate) fn measure(lab: &Lab, name: &str, rounds: u32, results: &mut Results) -> Result<()> {
    let hand = ByHand::create(lab)?;
    let ours = Ours::create(lab, name)?;
    for _ in 0..rounds {
        round("hand", &hand, results)?;
        round("swarmlet", &ours, results)?;
    }
    hand.end()?;
    ours.end()
}

fn round(contender: &str, trio: &impl Trio, results: &mut Results) -> Result<()> {
    let mut add = |row: &str, time| results.add(&format!("{row}/{contender}"), "s", time);
    trio.reset()?;
    add("first", trio.first()?);
    add("others", trio.others()?);
    trio.reset()?;
    add("quorum", trio.all()?);
    // What is left of it would work beside the other contender.
    trio.reset()
}
