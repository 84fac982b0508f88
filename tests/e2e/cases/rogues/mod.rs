//! Strangers with the worker token and real engines, behind the addresses of nodes: drained at once, never admitted or
//! promoted, removed in the end; and the nodes that they say they are do not suffer for it.
//!
//! The rules for containers drop what these send to managers: where strangers are to join, the rules are taken away.

mod comings;
mod seen;
mod stranger;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Lab, wait_until};

use self::seen::Place;
use self::stranger::Stranger;
use super::fleet::seen::{Watch, formed};
use super::support::node_id;
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "rogues::are_drained_and_nobody_is_removed_by_their_word",
    run: drained,
}];

pub(super) const SLOW: &[Case] = &[Case {
    name: "rogues::are_removed_and_hold_nobody_up",
    run: removed,
}];

const UNLOAD: [&str; 5] = ["nft", "delete", "table", "inet", "swarmlet"];
/// A task ends two seconds after it is told to.
const IDLE: Duration = Duration::from_secs(20);
/// The entry of a node that is gone is removed by then: a minute, three looks 15 s apart, and a bit.
const AWAY: Duration = Duration::from_mins(2);
const BACK: Duration = Duration::from_mins(1);
/// Ten minutes after the refusal, at the next look of a leader that has EC2's word for it.
const REMOVED: std::ops::RangeInclusive<u64> = 600..=690;

/// A stranger that is in the swarm.
struct Joined<'a> {
    stranger: Stranger<'a>,
    node: String,
}

fn drained(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "rogues", 3, 2)?;
    let place = Place::of(lab, &cluster)?;
    let joined = join(&place)?;
    comes_back(&place)?;
    are_refused(&place, &joined)?;
    place.is_whole(BACK)?;
    cluster.delete()
}

fn removed(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "rogues-stay", 3, 3)?;
    let place = Place::of(lab, &cluster)?;
    let joined = join(&place)?;
    let host = &place.workers[1].id;
    let restless = Stranger::start(lab, host, 7, Some(host))?;
    comings::hold_nobody_up(&place, &restless)?;
    are_refused(&place, &joined)?;
    are_removed(&place, &joined)?;
    cluster.wait_whole(BACK)?;
    cluster.delete()
}

/// Two say that they are the manager behind whose address they are, four are behind a worker's.
fn join<'a>(place: &Place<'a>) -> Result<Vec<Joined<'a>>> {
    let (lab, manager, worker) = (place.lab, &place.manager.id, &place.workers[1].id);
    let first = Stranger::start(lab, manager, 1, Some(manager))?;
    stopped_by_the_rules(place, &first)?;
    for host in [manager, worker] {
        lab.exec(host, &UNLOAD)?.ok()?;
    }
    eprintln!("    the rules for containers were taken away on {manager} and {worker}");
    let overlong = format!("i-{}", "0".repeat(4_000));
    let others = [
        (2, manager, Some(manager.as_str())),
        (3, worker, Some(&place.workers[0].id)),
        (4, worker, Some("*")),
        (5, worker, Some(&overlong)),
        (6, worker, None),
    ];
    let others = others
        .into_iter()
        .map(|(number, host, claim)| Stranger::start(lab, host, number, claim));
    let all = [Ok(first)].into_iter().chain(others);
    all.zip(1..)
        .map(|(stranger, number)| joined(place, stranger?, number))
        .collect()
}

/// The engine gives up after 20 s, and goes on behind that until it is told not to.
fn stopped_by_the_rules(place: &Place<'_>, stranger: &Stranger<'_>) -> Result<()> {
    let before = place.cluster.nodes()?.len();
    let outcome = stranger.join(&place.token, &place.other.address);
    let error = outcome.err().map(|error| error.to_string());
    let error = error.unwrap_or_default();
    ensure!(error.contains("Timeout was reached"), "{error:?}");
    stranger.leave()?;
    let after = place.cluster.nodes()?.len();
    ensure!(after == before, "there are {after} nodes");
    eprintln!("    with the rules for containers the join did not get through");
    Ok(())
}

fn joined<'a>(place: &Place<'a>, stranger: Stranger<'a>, number: usize) -> Result<Joined<'a>> {
    let node = stranger.join(&place.token, &place.other.address)?;
    let watch = Watch::start();
    let after = place.drained(&node)?.as_secs_f64();
    stranger.is_idle(IDLE)?;
    let tasks = place.tasks_of(&node)?;
    watch.say(&format!(
        "stranger {number}: drained {after:.2} s after its entry was made, {tasks} tasks were given to it, none ran"
    ));
    place.is_refused(&node)?;
    Ok(Joined { stranger, node })
}

fn are_refused(place: &Place<'_>, joined: &[Joined<'_>]) -> Result<()> {
    joined.iter().try_for_each(|one| {
        place.is_refused(&one.node)?;
        one.stranger.is_idle(IDLE)?;
        one.stranger.is_worker()
    })
}

/// A stranger says that he is this worker, which is away for as long as a reboot may take.
fn comes_back(place: &Place<'_>) -> Result<()> {
    let id = place.workers[0].id.as_str();
    let (node, units) = (node_id(place.lab, id)?, ["docker.socket", "docker.service"]);
    let before = place.entry(&node)?["Spec"].clone();
    let systemctl = |verb: &str| {
        let argv = [&["systemctl", verb, "swarmlet.service"], &units[..]].concat();
        place.lab.exec(id, &argv)?.ok().map(drop)
    };
    systemctl("stop")?;
    let away = Instant::now();
    let mut is_down = false;
    while away.elapsed() < AWAY {
        is_down = place.entry(&node)?["Status"]["State"] == "down";
        thread::sleep(Duration::from_secs(1));
    }
    ensure!(is_down, "it was not away");
    let watch = Watch::start();
    systemctl("start")?;
    wait_until("it is back as it was", BACK, || {
        let entry = place.entry(&node)?;
        ensure!(entry["Status"]["State"] == "ready", "it is not ready");
        ensure!(entry["Spec"] == before, "it is {}", entry["Spec"]);
        Ok(())
    })?;
    watch.say("a worker that was away for 120 s was back as it was");
    ensure!(node_id(place.lab, id)? == node, "it is another node");
    Ok(())
}

fn are_removed(place: &Place<'_>, joined: &[Joined<'_>]) -> Result<()> {
    for Joined { node, .. } in joined {
        let refused = place.told(node)?.first().map(|line| line.at);
        let said = place.removed(node, Duration::from_mins(12))?;
        let after = (said.at - refused.unwrap_or_default()) / 1000;
        eprintln!("    {node}: {} after {after} s", said.message);
        ensure!(REMOVED.contains(&after), "removed after {after} s");
        ensure!(place.entry(node).is_err(), "its entry is there");
    }
    Ok(())
}
