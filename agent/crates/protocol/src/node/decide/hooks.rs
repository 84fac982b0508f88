//! The hooks of an Auto Scaling group that wait for a departing node: they are had wait for as long as it takes, and told
//! when it is done.

use std::time::Duration;

use super::{Gaps, pace};
use crate::Action;
use crate::departure::Hold;
use crate::facts::hooks::{Hook, HookCall};

/// Has Auto Scaling wait while the node is not done: the next call, or how long until it.
pub(super) fn keep_waiting(hold: &Hold) -> Result<Duration, Action> {
    if hold.asked.is_some() {
        return Ok(pace::ROUND);
    }
    let hooks = match known(hold) {
        Ok(hooks) => hooks,
        Err(next) => return next,
    };
    let Some(shortest) = hooks.iter().map(|hook| hook.timeout).min() else {
        return Ok(pace::ROUND);
    };
    let every = pace::beat_every(shortest).min(pace::LONGEST_BEAT);
    let (gap, age) = match &hold.beat {
        None => first_beat(hold, shortest),
        Some(beat) if beat.value.is_ok() => (every, beat.age),
        Some(beat) => (Gaps::DEPARTING.gap(beat).min(every), beat.age),
    };
    let beat = || Action::Heartbeat(hooks.iter().map(|hook| hook.name.clone()).collect());
    pace::remaining(gap, age).ok_or_else(beat)
}

/// The hooks wait since a moment ago, and a whole group may be leaving. Where asking for them took long, there is no time
/// for that.
fn first_beat(hold: &Hold, timeout: Duration) -> (Duration, Duration) {
    let late = hold.since >= pace::spared(timeout);
    let spread = if late {
        Duration::ZERO
    } else {
        pace::first_beat(timeout)
    };
    hold.hooks
        .as_ref()
        .map_or((Duration::ZERO, Duration::ZERO), |hooks| {
            (pace::turn_of(hooks.turn, spread), hooks.age)
        })
}

/// Has Auto Scaling go on: the next call, or how long until it.
pub(super) fn finish(hold: &Hold) -> Result<Duration, Action> {
    // A heartbeat is of no use any more.
    if hold.asked.is_some_and(|call| call != HookCall::Beat) {
        return Ok(pace::ROUND);
    }
    if let Err(next) = known(hold) {
        return next;
    }
    let Some(last) = &hold.completing else {
        return if hold.word.is_zero() {
            Err(Action::CompleteLifecycle(hold.open.clone()))
        } else {
            Ok(hold.word)
        };
    };
    let left = match &last.value {
        Ok(()) => pace::remaining(pace::NOT_WAITING_GAP, last.age),
        Err(_) => Gaps::DEPARTING.remaining(last),
    };
    left.ok_or_else(|| Action::CompleteLifecycle(hold.open.clone()))
}

/// The hooks; or else how to learn of them, or how long to wait before that.
fn known(hold: &Hold) -> Result<&[Hook], Result<Duration, Action>> {
    match &hold.hooks {
        None if hold.first.is_zero() => Err(Err(Action::ListHooks(hold.kinds))),
        None => Err(Ok(hold.first)),
        Some(reading) => reading.value.as_deref().map_err(|_| {
            let left = Gaps::DEPARTING.remaining(reading);
            left.ok_or(Action::ListHooks(hold.kinds))
        }),
    }
}

/// Why it was not told yet: what the last word to it failed by, or the question for them.
pub(super) fn trouble(hold: &Hold) -> Option<String> {
    let completing = hold
        .completing
        .as_ref()
        .map(|last| last.value.as_ref().err());
    let hooks = hold.hooks.as_ref().map(|last| last.value.as_ref().err());
    let trouble = completing.flatten().or(hooks.flatten());
    trouble.map(ToString::to_string)
}
