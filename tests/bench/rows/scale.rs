//! Many workers at once: from the request that asks for them to the last one Ready.

use anyhow::{Context as _, Result};
use lab::{Instance, Lab, Requests, Role};

use crate::clock;
use crate::machines;
use crate::pair::{Pair, bare};
use crate::results::Results;

/// By hand (user data with the token in it), and by swarmlet (the group's desired capacity).
pub(crate) fn measure(
    lab: &Lab,
    pair: &Pair,
    workers: u32,
    rounds: u32,
    results: &mut Results,
) -> Result<()> {
    for _ in 0..rounds {
        results.add("scale/hand", "s", by_hand(lab, pair, workers)?);
        results.add("scale/swarmlet", "s", by_swarmlet(lab, pair, workers)?);
    }
    results.note("scale/workers", f64::from(workers));
    Ok(())
}

fn by_hand(lab: &Lab, pair: &Pair, workers: u32) -> Result<f64> {
    let hand = &pair.hand;
    let user_data = format!("#!/bin/sh\n{}\n", hand.join());
    let machines = machines::launch(lab, &bare(workers, &user_data, false))?;
    let at = hand.sight.joined(&addresses(&machines), &[])?;
    let asked = asked(lab, "ec2", "RunInstances")?;
    machines::terminate(lab, &machines)?;
    for machine in &machines {
        hand.sight.forget(&machine.address)?;
    }
    Ok(at - asked)
}

fn by_swarmlet(lab: &Lab, pair: &Pair, workers: u32) -> Result<f64> {
    let ours = &pair.ours;
    let before = ours.cluster.machines_of(Role::Worker)?;
    ours.cluster.scale(Role::Worker, workers + 1)?;
    let mut machines = ours.cluster.machines_of(Role::Worker)?;
    machines.retain(|machine| before.iter().all(|old| old.id != machine.id));
    let at = ours.sight.joined(&addresses(&machines), &[])?;
    let asked = asked(lab, "autoscaling", "SetDesiredCapacity")?;
    let first = before.first().context("the first worker is gone")?;
    // The oldest would go first: it is the one that is measured further on.
    ours.cluster.protect(Role::Worker, &[&first.id])?;
    ours.cluster.scale(Role::Worker, 1)?;
    machines::wait_off(&machines)?;
    // The leader would do it in time, and longer than anybody wants to wait here.
    for machine in &machines {
        ours.sight.forget(&machine.address)?;
    }
    Ok(at - asked)
}

fn addresses(machines: &[Instance]) -> Vec<String> {
    machines.iter().map(|m| m.address.clone()).collect()
}

/// The moment in which the last such request arrived.
fn asked(lab: &Lab, service: &str, action: &str) -> Result<f64> {
    let requests = lab.requests(&Requests::to(service).action(action))?;
    let last = requests.last().context("nothing was asked for")?;
    Ok(clock::of_wall(last.time))
}
