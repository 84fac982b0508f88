//! A stranger who comes and goes, and what the cluster has to do meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use lab::{Role, wait_until};

use super::seen::Place;
use super::stranger::Stranger;
use crate::cases::fleet::seen::{HOOK, Watch, completed, ended};
use crate::cases::healing::seen::{Fault, replaced};
use crate::cases::support::node_id;

const EVERY: Duration = Duration::from_secs(10);
/// Over at least a minute.
const FEWEST: usize = 7;
/// As in the cases without strangers.
const CLEAN: Duration = Duration::from_mins(2);
const HEALED: Duration = Duration::from_mins(6);
/// A minute down, three looks 15 s apart, and a look that is late.
const TAKEN_OFF: std::ops::RangeInclusive<u64> = 60..=120;

/// One time that it was there.
struct Visit {
    node: String,
    drained: Duration,
    /// When it was told to leave, in milliseconds since the Unix epoch.
    left: u64,
}

/// It comes and goes while the cluster loses a worker that it can spare, and a manager that it cannot.
pub(super) fn hold_nobody_up(place: &Place<'_>, stranger: &Stranger<'_>) -> Result<()> {
    let stop = AtomicBool::new(false);
    let visits = thread::scope(|scope| {
        let coming = scope.spawn(|| come_and_go(place, stranger, &stop));
        let done = scaled_in(place).and_then(|()| manager_replaced(place));
        stop.store(true, Ordering::Relaxed);
        let visits = coming.join().expect("the coming does not panic");
        done.and(visits)
    })?;
    let slowest = visits.iter().map(|visit| visit.drained).max();
    eprintln!(
        "    it came {} times, and was drained {:.2} s after that at the latest",
        visits.len(),
        slowest.unwrap_or_default().as_secs_f64()
    );
    are_taken_off(place, &visits)
}

fn come_and_go(
    place: &Place<'_>,
    stranger: &Stranger<'_>,
    stop: &AtomicBool,
) -> Result<Vec<Visit>> {
    let mut visits = Vec::new();
    while visits.len() < FEWEST || !stop.load(Ordering::Relaxed) {
        let came = Instant::now();
        let node = stranger.join(&place.token, &place.leader.address)?;
        let drained = place.drained(&node)?;
        place.is_refused(&node)?;
        let left = SystemTime::now().duration_since(UNIX_EPOCH)?;
        stranger.leave()?;
        visits.push(Visit {
            node,
            drained,
            left: u64::try_from(left.as_millis())?,
        });
        thread::sleep(EVERY.saturating_sub(came.elapsed()));
    }
    Ok(visits)
}

fn are_taken_off(place: &Place<'_>, visits: &[Visit]) -> Result<()> {
    let mut after = Vec::new();
    for visit in visits {
        let said = place.removed(&visit.node, CLEAN)?;
        after.push(said.at.saturating_sub(visit.left) / 1000);
    }
    eprintln!("    its entries were taken off {after:?} s after it had left");
    ensure!(
        after.iter().all(|seconds| TAKEN_OFF.contains(seconds)),
        "not as they should be"
    );
    Ok(())
}

/// Through its hook.
fn scaled_in(place: &Place<'_>) -> Result<()> {
    let id = place.workers[2].id.as_str();
    let node = node_id(place.lab, id)?;
    let watch = Watch::start();
    place.lab.terminate_member(id, true)?;
    ended(place.lab, id, HOOK)?;
    let took = watch.say("a worker was scaled in");
    ensure!(took < HOOK, "its hook has timed out");
    completed(place.lab, id)?;
    wait_until("its entry is gone", CLEAN, || {
        ensure!(place.entry(&node).is_err(), "it is there");
        Ok(())
    })?;
    watch.say("its entry was gone");
    place.is_whole(CLEAN)
}

/// One that strangers have joined at.
fn manager_replaced(place: &Place<'_>) -> Result<()> {
    let id = place.other.id.as_str();
    let fault = Fault::now();
    place.lab.terminate(id)?;
    replaced(place.cluster, Role::Manager, 3, &[id])?;
    place.is_whole(HEALED)?;
    fault.healed("a manager of three terminated among strangers", &(60..=300))
}
