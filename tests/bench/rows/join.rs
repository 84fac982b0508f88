//! One worker, its engine up: from the start of the service to Ready on the manager.

use anyhow::Result;
use lab::{Instance, Lab};

use crate::machines::{self, BY_HAND};
use crate::pair::{Pair, script};
use crate::results::Results;
use crate::sight::Sight;

const USER_DATA: &str = "user-data.service";
const AGENT: &str = "swarmlet.service";

/// By hand, by swarmlet, by the user-data script.
pub(crate) fn measure(lab: &Lab, pair: &Pair, rounds: u32, results: &mut Results) -> Result<()> {
    let (hand, ours) = (&pair.hand, &pair.ours);
    machines::put(lab, &hand.worker.id, "/run/user-data", &script())?;
    for _ in 0..rounds {
        let by_hand = || machines::by_hand(lab, &hand.worker.id, &hand.join());
        let time = joined(lab, &hand.sight, &hand.worker, BY_HAND, &by_hand)?;
        results.add("join/hand", "s", time);
        let agent = || machines::start(lab, &ours.worker.id, AGENT);
        let time = joined(lab, &ours.sight, &ours.worker, AGENT, &agent)?;
        results.add("join/swarmlet", "s", time);
        let user_data = || machines::start(lab, &hand.worker.id, USER_DATA);
        let time = joined(lab, &hand.sight, &hand.worker, USER_DATA, &user_data)?;
        results.add("join/script", "s", time);
    }
    Ok(())
}

/// Takes the worker out, has it join, and tells how long that took from the unit's start on.
fn joined(
    lab: &Lab,
    sight: &Sight,
    worker: &Instance,
    unit: &str,
    start: &dyn Fn() -> Result<()>,
) -> Result<f64> {
    machines::reset(lab, &worker.id)?;
    sight.forget(&worker.address)?;
    // The leader's agent hears of what is taken away.
    machines::calm();
    let before = sight.known()?;
    start()?;
    let at = sight.joined(std::slice::from_ref(&worker.address), &before)?;
    Ok(at - machines::started(lab, &worker.id, unit)?)
}
