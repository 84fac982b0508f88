//! One worker, launched: from the moment in which the kernel hands over to systemd to Ready on the
//! manager. What swarmlet does in that time is kept for the picture.

use anyhow::Result;
use lab::{Lab, Launch, Requests};

use crate::machines;
use crate::memory;
use crate::pair::{Pair, bare, script};
use crate::results::Results;
use crate::sight::Sight;
use crate::trace;

/// By hand (user data with the token in it), by swarmlet, by the user-data script.
pub(crate) fn measure(lab: &Lab, pair: &Pair, rounds: u32, results: &mut Results) -> Result<()> {
    let (hand, ours) = (&pair.hand, &pair.ours);
    let typed = bare(1, &format!("#!/bin/sh\n{}\n", hand.join()), false);
    let usual = bare(1, &script(), true);
    for _ in 0..rounds {
        let time = booted(lab, &hand.sight, &typed, |_, _| Ok(()))?;
        results.add("boot/hand", "s", time);
        let time = booted(lab, &ours.sight, &ours.another(), |id, ready| {
            results.add("fresh/rss", "MiB", memory::of(id)?.rss);
            results.add("boot/aws calls", "", calls(lab, id)?);
            // An agent of an earlier version does not tell.
            match trace::read(lab, id, ready) {
                Ok(boot) => results.boot = Some(boot),
                Err(error) => lab::say(format_args!("    no picture of this boot: {error:#}")),
            }
            Ok(())
        })?;
        results.add("boot/swarmlet", "s", time);
        let time = booted(lab, &hand.sight, &usual, |_, _| Ok(()))?;
        results.add("boot/script", "s", time);
    }
    Ok(())
}

/// What the machine has asked of AWS so far.
fn calls(lab: &Lab, id: &str) -> Result<f64> {
    let requests = lab.requests(&Requests::default().instance(id))?;
    let count = requests.iter().filter(|request| request.is_aws()).count();
    Ok(f64::from(u32::try_from(count)?))
}

fn booted(
    lab: &Lab,
    sight: &Sight,
    launch: &Launch,
    mut look: impl FnMut(&str, f64) -> Result<()>,
) -> Result<f64> {
    let machines = machines::launch(lab, launch)?;
    let machine = &machines[0];
    let at = sight.joined(std::slice::from_ref(&machine.address), &[])?;
    let booted = machines::booted(lab, &machine.id)?;
    machines::wait_up(lab, &machine.id)?;
    look(&machine.id, at)?;
    machines::terminate(lab, &machines)?;
    sight.forget(&machine.address)?;
    Ok(at - booted)
}
