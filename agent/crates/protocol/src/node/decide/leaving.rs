//! The node's own side of a departure.
//!
//! It says that it goes, waits until nothing of the swarm runs here or its time is up, leaves, and
//! has Auto Scaling go on. A manager waits for its demotion and never leaves by force: that would
//! cost the others their majority, or end the last manager's swarm.

use std::time::Duration;

use super::hooks::{finish, keep_waiting, trouble};
use super::{Gaps, engine_down, pace, step};
use crate::departure::{Cause, Departing};
use crate::node::{OwnEntry, Said};
use crate::{Action, Control, Decision, EngineState, Kind, Member, Observation, Reading, Reason};

/// The next step of a departure; `None` where the node does as usual.
pub(super) fn decide(seen: &Observation, d: &Departing) -> Option<Decision> {
    if d.withdrawn {
        let able = due(d.telling.as_ref()).filter(|()| can_take_back(seen, d));
        return able.map(|()| step(take_back(seen, d), Reason::Returning));
    }
    if d.cause == Cause::Drain {
        return tell(seen, d);
    }
    match &seen.engine {
        EngineState::Down | EngineState::Unspoken(_) => Some(silent(seen, d)),
        EngineState::Inactive => Some(outside(d)),
        EngineState::Pending(_) | EngineState::Error(_) if seen.membership.is_none() => {
            Some(leave(d))
        }
        EngineState::Locked => locked(d),
        // It was a manager when it said so, and raft may count it still: that is known when the engine is back.
        EngineState::Pending(_) | EngineState::Error(_) if d.marked => Some(manager(seen, d)),
        EngineState::Pending(_) | EngineState::Error(_) => Some(worker(seen, d)),
        EngineState::Active(member) => match member.control {
            Control::Worker => Some(worker(seen, d)),
            Control::Manager { .. } if !is_settled(seen, member) => unsettled(d),
            _ => Some(manager(seen, d)),
        },
    }
}

/// Whether it is written down that this manager's swarm is the cluster's.
fn is_settled(seen: &Observation, member: &Member) -> bool {
    seen.membership.as_ref().is_some_and(|membership| {
        let is_own = member.identity.node_id.as_ref() == Some(&membership.node_id);
        is_own && seen.forced.is_none_or(|epoch| epoch <= membership.epoch)
    })
}

/// Who has just made a swarm, or forced one, settles that as usual: a leader that serves would publish it before.
fn unsettled(d: &Departing) -> Option<Decision> {
    let hold = d.hold.as_ref()?;
    let upkeep = if d.is_due() {
        finish(hold)
    } else {
        keep_waiting(hold)
    };
    let action = upkeep.err()?;
    Some(step(action, Reason::SayingSo(d.cause)))
}

/// A worker says it by its engine's labels, a manager in its own entry, where it is seen at once.
fn tell(seen: &Observation, d: &Departing) -> Option<Decision> {
    let action = match seen.engine.kind() {
        Kind::Worker if d.announced.is_none() || d.again => Action::Announce(d.until),
        Kind::Manager if !d.marked || d.again => Action::Mark(OwnEntry {
            node_id: own_entry(seen)?,
            until: d.until,
        }),
        _ => return None,
    };
    due(d.telling.as_ref()).map(|()| step(action, Reason::SayingSo(d.cause)))
}

/// What its entry says a manager that is heard takes away, and for a worker the leader does: a manager whose engine is silent, or
/// knows no leader, waits. As the last manager it would be demoted by nobody, and stay drained for ever.
fn can_take_back(seen: &Observation, d: &Departing) -> bool {
    let kind = seen.engine.kind();
    let is_heard = matches!(kind, Kind::Manager | Kind::Worker | Kind::Inactive);
    is_heard || !d.marked || d.left
}

/// Where it was said, as far as it can be taken back from here: a manager that has left has no entry any more.
fn take_back(seen: &Observation, d: &Departing) -> Action {
    let is_manager = seen.engine.kind() == Kind::Manager;
    let entry = (d.marked && !d.left && is_manager).then(|| own_entry(seen));
    Action::Retract(Said {
        announced: d.announced.is_some(),
        entry: entry.flatten(),
    })
}

/// Docker's id of this node.
fn own_entry(seen: &Observation) -> Option<String> {
    seen.engine.identity()?.node_id.clone()
}

/// Whether a try is due: none was made, or it failed and its gap is over.
fn due(last: Option<&Reading<()>>) -> Option<()> {
    last.is_none_or(|last| last.value.is_ok() || Gaps::TROUBLE.remaining(last).is_none())
        .then_some(())
}

fn worker(seen: &Observation, d: &Departing) -> Decision {
    if d.is_due() {
        return leave(d);
    }
    if let Some(decision) = tell(seen, d) {
        return decision;
    }
    let running = d.tasks.as_ref().and_then(Reading::value).copied();
    let reason = Reason::Draining {
        cause: d.cause,
        tasks: running,
    };
    let until_hooks = match d.hold.as_ref().map_or(Ok(pace::ROUND), keep_waiting) {
        Ok(left) => left,
        Err(action) => return step(action, reason),
    };
    if repeats(d, running) {
        return step(Action::Announce(d.until), reason);
    }
    let until_look = match d.tasks.as_ref() {
        None => None,
        Some(look) => pace::remaining(pace::TASKS_LOOK, look.age),
    };
    let Some(until_look) = until_look else {
        return step(Action::CountTasks, reason);
    };
    if running == Some(0) && is_heard(d) {
        return leave_or_forward(d, until_hooks);
    }
    step(Action::Wait(soonest(d, [until_hooks, until_look])), reason)
}

/// A load balancer notices late that this node is to have no traffic any more, and the routing mesh forwards here without a task.
fn leave_or_forward(d: &Departing, until_hooks: Duration) -> Decision {
    if d.forwards.is_zero() {
        return leave(d);
    }
    let pause = soonest(d, [until_hooks, d.forwards, pace::ROUND]);
    step(Action::Wait(pause), Reason::Forwarding(d.cause))
}

/// Nothing has come of it for long: the engine may have missed it.
fn repeats(d: &Departing, running: Option<usize>) -> bool {
    let last = d.telling.as_ref().map(|last| last.age).or(d.announced);
    let long = last.is_some_and(|age| age >= pace::ANNOUNCE_AGAIN);
    !d.marked && long && running.is_some_and(|tasks| tasks > 0)
}

/// Before the managers know, they may place a task here.
fn is_heard(d: &Departing) -> bool {
    d.marked || d.announced.is_some_and(|age| age >= pace::ANNOUNCED)
}

/// A worker leaves. When its time is up and leaving fails, Auto Scaling is told all the same.
fn leave(d: &Departing) -> Decision {
    let Some(failed) = &d.leaving else {
        return step(Action::Depart, Reason::Leaving(d.cause));
    };
    let trouble = failed.value.as_ref().err().map(ToString::to_string);
    let reason = Reason::LeaveFailed(trouble.unwrap_or_default());
    let upkeep = match &d.hold {
        None => Ok(pace::ROUND),
        Some(hold) if d.is_due() => finish(hold),
        Some(hold) => keep_waiting(hold),
    };
    match (upkeep, Gaps::TROUBLE.remaining(failed)) {
        (Err(action), _) => step(action, reason),
        (Ok(_), None) => step(Action::Depart, reason),
        (Ok(until), Some(left)) => step(Action::Wait(until.min(left)), reason),
    }
}

/// The leader demotes it, and may be this very node: it serves on meanwhile.
fn manager(seen: &Observation, d: &Departing) -> Decision {
    let leader = matches!(&seen.engine, EngineState::Active(member)
        if matches!(member.control, Control::Manager { leader: true, .. }));
    let cause = d.cause;
    let serves = seen.engine.kind() == Kind::Manager;
    let stay = |pause: Duration, reason: Reason| {
        let action = if serves {
            Action::Serve(pause)
        } else {
            Action::Wait(pause)
        };
        step(action, reason)
    };
    if d.is_due() {
        let reason = Reason::NotDemoted { cause, leader };
        return match d.hold.as_ref().map_or(Ok(pace::ROUND), finish) {
            Ok(left) => stay(left.min(pace::PROMOTION_LOOK), reason),
            Err(action) => step(action, reason),
        };
    }
    if let Some(decision) = tell(seen, d) {
        return decision;
    }
    let reason = Reason::AwaitsDemotion { cause, leader };
    match d.hold.as_ref().map_or(Ok(pace::ROUND), keep_waiting) {
        Ok(left) => stay(soonest(d, [left, pace::DEMOTION_LOOK]), reason),
        Err(action) => step(action, reason),
    }
}

/// Nothing of the swarm is here any more, or never was.
fn outside(d: &Departing) -> Decision {
    let Some(hold) = &d.hold else {
        return step(Action::Wait(pace::ROUND), Reason::Departed(d.cause));
    };
    match finish(hold) {
        Err(action) => step(action, Reason::TellingAutoScaling(trouble(hold))),
        Ok(left) => step(
            Action::Wait(left),
            Reason::TellingAutoScaling(trouble(hold)),
        ),
    }
}

/// An engine that does not answer may still run tasks; but not for longer than there is time.
fn silent(seen: &Observation, d: &Departing) -> Decision {
    let never_joined = seen.membership.is_none() && seen.since >= pace::ENGINE_PATIENCE;
    if d.left || d.is_due() || never_joined {
        return outside(d);
    }
    match d.hold.as_ref().map_or(Ok(pace::ROUND), keep_waiting) {
        Err(action) => step(action, Reason::EngineDown),
        Ok(_) if seen.membership.is_none() => {
            step(Action::Wait(pace::DEMOTION_LOOK), Reason::EngineDown)
        }
        Ok(left) => sooner(engine_down::decide(seen), soonest(d, [left])),
    }
}

/// Unlocked, it can be demoted.
fn locked(d: &Departing) -> Option<Decision> {
    if d.is_due() {
        return Some(outside(d));
    }
    let action = d.hold.as_ref().and_then(|hold| keep_waiting(hold).err())?;
    Some(step(action, Reason::SayingSo(d.cause)))
}

fn sooner(decision: Decision, limit: Duration) -> Decision {
    match decision.action {
        Action::Wait(pause) => step(Action::Wait(pause.min(limit)), decision.reason),
        _ => decision,
    }
}

/// The shortest of these times, and not past the departure's own.
fn soonest<const N: usize>(d: &Departing, times: [Duration; N]) -> Duration {
    let end = d.remaining.unwrap_or(pace::ROUND);
    let soonest = times.into_iter().fold(end, Duration::min);
    soonest.max(Duration::from_millis(100))
}
