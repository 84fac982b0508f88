//! From what was heard to at most one departure.
//!
//! The first cause starts it, a second one starts no other: it may take it over and shorten its
//! time. A cause that is gone for certain ends it; silence ends nothing.

use std::time::Duration;

use crate::departure::notice::{Notices, Target};
use crate::departure::{Cause, Departure, Request};

/// A maintenance event starts a departure this long before its time.
pub const MAINTENANCE_LEAD: Duration = Duration::from_mins(10);
/// Spot's notice stays until the instance is off: without it, and this long after its time, the
/// instance is back from its sleep.
const SPOT_OVER: u64 = 300;

/// All that may start a departure, as last heard.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Heard {
    /// From instance metadata.
    pub notices: Notices,
    /// From an operator; `None` if that could not be read.
    pub request: Option<Option<Request>>,
}

/// What the settings say of departures.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Rules {
    /// A rebalance recommendation starts one.
    pub rebalance: bool,
    /// The end of a host starts one.
    pub maintenance: bool,
    /// How long one may take where AWS sets no time.
    pub drain_limit: Duration,
    /// It ends this long before a published time.
    pub margin: Duration,
    /// For so long from its begin a node goes on forwarding what load balancers still send it, whatever became of its tasks.
    pub traffic_wait: Duration,
}

/// What a round's wall clock shows, and in which boot.
#[derive(Clone, Copy, Debug)]
pub struct Wall<'a> {
    /// Seconds since the Unix epoch.
    pub now: u64,
    /// This boot of the machine.
    pub boot: &'a str,
}

/// The departure that is to be, given the one that is.
pub fn settle(
    latched: Option<&Departure>,
    heard: &Heard,
    rules: &Rules,
    wall: Wall<'_>,
) -> Option<Departure> {
    let calls = calls(heard, rules, wall);
    let kept = latched.filter(|d| !d.withdrawn && lasts(d, heard, rules, wall));
    let strongest = calls.iter().map(|(cause, _)| *cause).max();
    let times = calls.iter().filter_map(|(_, time)| *time);
    match (kept, strongest) {
        (None, None) => latched.and_then(withdrawn),
        (None, Some(cause)) => Some(Departure {
            // What the one before has said stands, until it is taken back. An entry of a swarm that it has left does not.
            announced: latched.and_then(|before| before.announced),
            marked: latched.is_some_and(|before| before.marked && !before.left),
            ..begun(cause, times.min(), rules, wall)
        }),
        (Some(kept), strongest) => Some(taken_over(kept, strongest, times.min())),
    }
}

fn begun(cause: Cause, deadline: Option<u64>, rules: &Rules, wall: Wall<'_>) -> Departure {
    let wait = rules.traffic_wait.as_secs();
    Departure {
        cause,
        deadline,
        traffic_until: (wait > 0).then(|| wall.now.saturating_add(wait)),
        boot: wall.boot.to_owned(),
        announced: None,
        marked: false,
        left: false,
        completed: false,
        withdrawn: false,
    }
}

fn taken_over(kept: &Departure, strongest: Option<Cause>, time: Option<u64>) -> Departure {
    let cause = strongest.map_or(kept.cause, |cause| cause.max(kept.cause));
    Departure {
        cause,
        deadline: [kept.deadline, time].into_iter().flatten().min(),
        completed: kept.completed && cause == kept.cause,
        ..kept.clone()
    }
}

/// What was never said needs no taking back; an entry of a swarm that the node has left neither.
fn withdrawn(departure: &Departure) -> Option<Departure> {
    let said = departure.announced.is_some() || (departure.marked && !departure.left);
    said.then(|| Departure {
        withdrawn: true,
        ..departure.clone()
    })
}

/// The causes that are there now, each with its time.
fn calls(heard: &Heard, rules: &Rules, wall: Wall<'_>) -> Vec<(Cause, Option<u64>)> {
    let limit = Some(wall.now.saturating_add(rules.drain_limit.as_secs()));
    let before = |time: u64| time.saturating_sub(rules.margin.as_secs());
    let notices = &heard.notices;
    let mut calls = Vec::new();
    match notices.target {
        Some(Target::Terminated) => calls.push((Cause::ScaleIn, limit)),
        Some(Target::Warmed) => calls.push((Cause::WarmPool, limit)),
        _ => {}
    }
    if let Some(spot) = notices.spot.flatten() {
        calls.push((spot.action.into(), Some(before(spot.time))));
    }
    match &heard.request {
        Some(Some(Request::Leave)) => calls.push((Cause::Leave, limit)),
        Some(Some(Request::Drain)) => calls.push((Cause::Drain, None)),
        _ => {}
    }
    if is_overruled(heard, wall) {
        return calls;
    }
    if rules.rebalance && notices.rebalance == Some(true) {
        calls.push((Cause::Rebalance, limit));
    }
    let lead = MAINTENANCE_LEAD.as_secs();
    let near = |time: &u64| wall.now.saturating_add(lead) >= *time;
    if let Some(time) = notices.maintenance.flatten().filter(near)
        && rules.maintenance
    {
        calls.push((Cause::Maintenance, limit.min(Some(before(time)))));
    }
    calls
}

/// Whether a cause lasts, also while it is not seen.
fn lasts(departure: &Departure, heard: &Heard, rules: &Rules, wall: Wall<'_>) -> bool {
    let notices = &heard.notices;
    let same_boot = departure.boot == wall.boot;
    let asked = |request: &Request| {
        heard
            .request
            .as_ref()
            .is_none_or(|asked| asked.as_ref() == Some(request))
    };
    match departure.cause {
        Cause::ScaleIn => !matches!(notices.target, Some(Target::InService | Target::Warmed)),
        Cause::WarmPool => !matches!(notices.target, Some(Target::InService | Target::Other)),
        Cause::SpotTerminate => true,
        Cause::SpotStop | Cause::SpotHibernate => {
            let time = departure.deadline.unwrap_or_default();
            let over = notices.spot == Some(None) && wall.now > time.saturating_add(SPOT_OVER);
            same_boot && !over
        }
        Cause::Rebalance => same_boot && rules.rebalance && !is_overruled(heard, wall),
        Cause::Maintenance => {
            let cancelled = notices.maintenance == Some(None);
            same_boot && rules.maintenance && !cancelled && !is_overruled(heard, wall)
        }
        Cause::Leave => asked(&Request::Leave),
        Cause::Drain => asked(&Request::Drain),
    }
}

/// AWS's advice is advice: an operator may say otherwise, for this boot.
fn is_overruled(heard: &Heard, wall: Wall<'_>) -> bool {
    matches!(&heard.request, Some(Some(Request::Activate { boot })) if boot == wall.boot)
}

#[cfg(test)]
#[path = "latch_tests.rs"]
mod tests;
