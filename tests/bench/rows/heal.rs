//! A worker that is hit: until it is back on its manager. Docker heals by itself; what swarmlet adds
//! to that, or takes from it, is the difference.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Instance, Lab, wait_until};

use crate::clock;
use crate::machines;
use crate::pair::Pair;
use crate::results::Results;
use crate::sight::Sight;

const ENGINE: &str = "docker.service";
const AGENT: &str = "swarmlet.service";
const LIMIT: Duration = Duration::from_mins(1);
/// For so long the manager is watched after an agent was killed.
const WATCHED: Duration = Duration::from_secs(4);

/// By hand and by swarmlet.
pub(crate) fn measure(lab: &Lab, pair: &Pair, rounds: u32, results: &mut Results) -> Result<()> {
    let contenders = [
        ("hand", &pair.hand.sight, &pair.hand.worker),
        ("swarmlet", &pair.ours.sight, &pair.ours.worker),
    ];
    ready(lab, pair)?;
    for _ in 0..rounds {
        for (name, sight, worker) in contenders {
            let kill = || machines::kill_unit(&worker.id, ENGINE);
            let time = hit(lab, sight, worker, &kill)?;
            results.add(&format!("engine-killed/{name}"), "s", time);
        }
        for (name, sight, worker) in contenders {
            let reset = || {
                let at = clock::now();
                lab.reset(&worker.id).map(|()| at)
            };
            let time = hit(lab, sight, worker, &reset)?;
            results.add(&format!("machine-reset/{name}"), "s", time);
        }
        let worker = &pair.ours.worker;
        let (time, left) = agent_killed(lab, &pair.ours.sight, worker)?;
        results.add("agent-killed/swarmlet", "s", time);
        results.add(
            "agent-killed/left-ready",
            "times",
            f64::from(u8::from(left)),
        );
    }
    Ok(())
}

/// Both workers are in their swarms, whatever was measured before.
fn ready(lab: &Lab, pair: &Pair) -> Result<()> {
    let hand = &pair.hand;
    machines::reset(lab, &hand.worker.id)?;
    hand.sight.forget(&hand.worker.address)?;
    machines::shell(lab, &hand.worker.id, &hand.join())?;
    hand.sight
        .joined(std::slice::from_ref(&hand.worker.address), &[])?;
    // The user data of its boots joins no swarm: it is in one.
    machines::put(lab, &hand.worker.id, "/run/user-data", "true\n")
}

fn node(sight: &Sight, worker: &Instance) -> Result<String> {
    let nodes = sight.engine.nodes()?;
    let found = nodes
        .into_iter()
        .find(|node| node.ready && node.address == worker.address);
    Ok(found.context("the worker is not Ready")?.id)
}

fn hit(
    lab: &Lab,
    sight: &Sight,
    worker: &Instance,
    fault: &dyn Fn() -> Result<f64>,
) -> Result<f64> {
    let node = node(sight, worker)?;
    calm(sight, &node);
    let at = fault()?;
    let back = sight.back(&node, at)?;
    machines::wait_up(lab, &worker.id)?;
    Ok(back - at)
}

/// Nothing happens to the node for a second: what happens next is its return.
fn calm(sight: &Sight, node: &str) {
    while sight.stirs(node, Duration::from_secs(1)) {}
}

/// Until the agent says again that its node serves, and whether the manager saw anything of it.
fn agent_killed(lab: &Lab, sight: &Sight, worker: &Instance) -> Result<(f64, bool)> {
    let node = node(sight, worker)?;
    calm(sight, &node);
    let at = machines::kill_unit(&worker.id, AGENT)?;
    let left = sight.stirs(&node, WATCHED);
    let back = wait_until("the agent is back", LIMIT, || {
        let since = machines::stamp(lab, &worker.id, AGENT, "ActiveEnterTimestamp")?;
        ensure!(since > at, "not yet");
        Ok(since)
    })?;
    Ok((back - at, left))
}
