//! The node's own side of a departure.

mod ends;
mod hooks;

use super::*;
use crate::departure::{Cause, Departing, Hold};
use crate::facts::hooks::{Hook, HookCall};

const HOOK: Duration = Duration::from_mins(5);

fn departing(cause: Cause) -> Departing {
    Departing {
        cause,
        remaining: Some(900 * SECOND),
        forwards: Duration::ZERO,
        withdrawn: false,
        announced: None,
        marked: false,
        left: false,
        again: false,
        until: 0,
        telling: None,
        tasks: None,
        leaving: None,
        hold: None,
    }
}

/// Hooks of an end with these time limits.
fn hooks(timeouts: &[Duration]) -> Vec<Hook> {
    let hook = |timeout: &Duration| Hook {
        timeout: *timeout,
        ..Hook::named("leaving")
    };
    timeouts.iter().map(hook).collect()
}

fn hold() -> Hold {
    Hold {
        hooks: aged(hooks(&[HOOK]), 60 * SECOND),
        ..Hold::default()
    }
}

fn told(cause: Cause) -> Departing {
    Departing {
        announced: Some(30 * SECOND),
        ..departing(cause)
    }
}

/// Every kind of departure, at every point.
pub(super) fn all() -> Vec<Option<Departing>> {
    let beaten = Hold {
        beat: just(()),
        ..hold()
    };
    let asking = Hold {
        asked: Some(HookCall::Complete),
        ..hold()
    };
    let holds = [
        None,
        Some(Hold::default()),
        Some(hold()),
        Some(beaten),
        Some(asking),
    ];
    let tasks = [None, just(0), just(2)];
    let mut all = Vec::new();
    for cause in [Cause::Drain, Cause::Leave, Cause::ScaleIn] {
        for remaining in [None, Some(Duration::ZERO), Some(60 * SECOND)] {
            for (number, hold) in holds.iter().enumerate() {
                for tasks in &tasks {
                    all.push(Some(Departing {
                        remaining,
                        announced: (number != 0 || tasks.is_some()).then_some(30 * SECOND),
                        hold: hold.clone(),
                        tasks: tasks.clone(),
                        marked: number % 2 == 0,
                        // Of those that are done and have a time: some stay for what load balancers send.
                        forwards: if number % 3 == 1 {
                            40 * SECOND
                        } else {
                            Duration::ZERO
                        },
                        withdrawn: number == 3 && tasks.is_none() && remaining.is_none(),
                        leaving: failed(Trouble::Failed("f".into())).filter(|_| number == 2),
                        ..told(cause)
                    }));
                }
            }
        }
    }
    all
}

/// A worker whose work has ended, whose time is up, or that was never in the swarm.
pub(super) fn may_depart(seen: &Observation) {
    let d = seen.departure.as_ref().unwrap();
    assert_ne!(d.cause, Cause::Drain);
    match &seen.engine {
        EngineState::Pending(_) | EngineState::Error(_) if seen.membership.is_none() => {}
        EngineState::Pending(_) | EngineState::Error(_) => assert!(!d.marked && has_ended(d)),
        EngineState::Active(member) => {
            assert_eq!(member.control, Control::Worker, "a manager never leaves");
            assert!(has_ended(d), "{seen:?}");
        }
        other => panic!("nothing to leave: {other:?}"),
    }
}

fn has_ended(d: &Departing) -> bool {
    let none = d.tasks.as_ref().and_then(Reading::value) == Some(&0);
    let done = none && d.forwards.is_zero();
    d.is_due() || (done && (d.marked || d.announced.is_some_and(|age| age >= pace::ANNOUNCED)))
}

/// Nothing of the swarm runs here, or the time is up.
pub(super) fn may_complete(seen: &Observation) {
    let d = seen.departure.as_ref().unwrap();
    assert!(d.hold.is_some() && d.cause != Cause::Drain);
    let out = match seen.engine {
        EngineState::Inactive => true,
        EngineState::Down => d.left || seen.membership.is_none(),
        _ => false,
    };
    assert!(out || d.is_due(), "{seen:?}");
}

fn at(engine: EngineState, departure: Departing) -> Observation {
    Observation {
        engine,
        membership: membership(),
        departure: Some(departure),
        ..outside(Role::Worker)
    }
}

fn worker(departure: Departing) -> Action {
    decide(&at(member(Control::Worker), departure)).action
}

#[test]
fn a_worker_says_so_waits_for_its_tasks_and_leaves() {
    let d = departing(Cause::ScaleIn);
    assert_eq!(worker(d).name(), "announce");
    let d = told(Cause::ScaleIn);
    assert_eq!(worker(d.clone()), Action::CountTasks);
    let busy = Departing {
        tasks: just(2),
        ..d.clone()
    };
    assert_eq!(worker(busy), Action::Wait(pace::TASKS_LOOK));
    let idle = Departing {
        tasks: just(0),
        ..d
    };
    assert_eq!(worker(idle.clone()), Action::Depart);
    let unheard = Departing {
        announced: Some(24 * SECOND),
        ..idle
    };
    assert_eq!(worker(unheard.clone()), Action::Wait(pace::TASKS_LOOK));
    let demoted = Departing {
        marked: true,
        ..unheard
    };
    assert_eq!(worker(demoted), Action::Depart);
}

/// Load balancers send it traffic for some time yet, and its engine forwards that to other nodes.
#[test]
fn a_worker_without_tasks_stays_until_its_traffic_wait_is_over() {
    let idle = Departing {
        tasks: just(0),
        forwards: 40 * SECOND,
        ..told(Cause::ScaleIn)
    };
    let decision = decide(&at(member(Control::Worker), idle.clone()));
    assert_eq!(decision.action, Action::Wait(pace::ROUND));
    assert_eq!(decision.reason, Reason::Forwarding(Cause::ScaleIn));
    let nearly = Departing {
        forwards: 3 * SECOND,
        ..idle.clone()
    };
    assert_eq!(worker(nearly), Action::Wait(3 * SECOND));
    let over = Departing {
        forwards: Duration::ZERO,
        ..idle.clone()
    };
    assert_eq!(worker(over), Action::Depart);
    let busy = Departing {
        tasks: just(2),
        ..idle.clone()
    };
    assert_eq!(worker(busy), Action::Wait(pace::TASKS_LOOK));
    let due = Departing {
        remaining: Some(Duration::ZERO),
        ..idle.clone()
    };
    assert_eq!(worker(due), Action::Depart, "its own time goes first");
    let late = Departing {
        remaining: Some(5 * SECOND),
        ..idle
    };
    assert_eq!(worker(late), Action::Wait(5 * SECOND));
}

/// The hook hears that the node is not done yet.
#[test]
fn a_node_that_forwards_has_auto_scaling_wait() {
    let unheard = Hold {
        hooks: None,
        ..hold()
    };
    let forwarding = Departing {
        tasks: just(0),
        forwards: 40 * SECOND,
        hold: Some(unheard),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(forwarding.clone()).name(), "list-hooks");
    let waits = Departing {
        hold: Some(Hold {
            beat: aged((), 200 * SECOND),
            ..hold()
        }),
        ..forwarding
    };
    assert_eq!(worker(waits).name(), "heartbeat");
}

#[test]
fn an_announcement_without_effect_is_repeated() {
    let deaf = Departing {
        announced: Some(200 * SECOND),
        tasks: just(2),
        ..departing(Cause::ScaleIn)
    };
    assert_eq!(worker(deaf.clone()).name(), "announce");
    let again = Departing {
        telling: just(()),
        ..deaf
    };
    assert_eq!(worker(again), Action::Wait(pace::TASKS_LOOK));
}

/// elastic-ci-stack #733: a drain that took longer than spot's two minutes.
#[test]
fn a_worker_leaves_when_its_time_is_up_whatever_runs() {
    let d = Departing {
        remaining: Some(Duration::ZERO),
        tasks: just(7),
        ..told(Cause::SpotTerminate)
    };
    assert_eq!(worker(d), Action::Depart);
    let nearly = Departing {
        remaining: Some(SECOND),
        tasks: just(7),
        ..told(Cause::SpotTerminate)
    };
    assert_eq!(worker(nearly), Action::Wait(SECOND));
}

#[test]
fn a_manager_marks_itself_waits_for_its_demotion_and_never_leaves() {
    for leader in [true, false] {
        let control = Control::Manager {
            leader,
            origin: None,
        };
        let step = |d| decide(&at(member(control.clone()), d));
        assert_eq!(step(departing(Cause::ScaleIn)).action.name(), "mark");
        let marked = Departing {
            marked: true,
            ..departing(Cause::ScaleIn)
        };
        let waits = step(marked.clone());
        assert_eq!(waits.action, Action::Serve(pace::DEMOTION_LOOK));
        assert_eq!(waits.reason.leads(), leader, "a leader does its chores");
        let late = Departing {
            remaining: Some(Duration::ZERO),
            hold: Some(hold()),
            ..marked
        };
        assert_eq!(step(late.clone()).action.name(), "complete-lifecycle");
        let completed = step(Departing { hold: None, ..late });
        assert_eq!(completed.action, Action::Serve(pace::PROMOTION_LOOK));
        assert!(completed.reason.to_string().contains("still a manager"));
    }
}

#[test]
fn a_manager_without_a_leader_waits_and_recovers_nothing() {
    let d = departing(Cause::ScaleIn);
    let mut seen = at(member(Control::NoLeader("no leader".into())), d);
    seen.since = 500 * SECOND;
    seen.peers = peers();
    assert_eq!(decide(&seen).action, Action::Wait(pace::DEMOTION_LOOK));
}

#[test]
fn a_drained_node_stays_a_member() {
    let mut seen = at(member(Control::Worker), told(Cause::Drain));
    seen.standing = standing(Verdict::Member, 1, Duration::ZERO);
    let decision = decide(&seen);
    assert!(matches!(decision.action, Action::Serve(_)));
    assert_eq!(decision.reason, Reason::Drained { leader: false });
    seen.engine = EngineState::Inactive;
    assert_eq!(decide(&seen).action, Action::ReadTicket, "and joins");
}

#[test]
fn a_node_that_has_left_stays_out() {
    let mut seen = at(EngineState::Inactive, departing(Cause::Leave));
    seen.membership = None;
    seen.ticket = just(Some(ticket()));
    let decision = decide(&seen);
    assert_eq!(decision.action, Action::Wait(pace::ROUND));
    assert_eq!(decision.reason, Reason::Departed(Cause::Leave));
}

#[test]
fn what_was_said_is_taken_back_and_holds_nothing_up() {
    let back = Departing {
        withdrawn: true,
        ..told(Cause::Leave)
    };
    assert_eq!(worker(back.clone()).name(), "retract");
    let failing = Departing {
        telling: failed(Trouble::Failed("disk".into())),
        ..back
    };
    assert_eq!(worker(failing).name(), "ask-standing", "as usual");
}

#[test]
fn what_was_said_of_a_drain_is_said_again_by_a_node_that_goes() {
    let over = Departing {
        again: true,
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(over).name(), "announce");
}

/// Its entry still says so, and only a manager that is heard can change it: the last one is demoted by nobody.
#[test]
fn a_mark_is_taken_back_when_the_engine_can_change_it() {
    let back = Departing {
        withdrawn: true,
        marked: true,
        ..told(Cause::Leave)
    };
    let action = |engine, departure: &Departing| decide(&at(engine, departure.clone())).action;
    let manager = || {
        member(Control::Manager {
            leader: true,
            origin: None,
        })
    };
    for engine in [manager(), member(Control::Worker), EngineState::Inactive] {
        assert_eq!(action(engine, &back).name(), "retract");
    }
    let left = Departing {
        left: true,
        ..back.clone()
    };
    assert_eq!(action(EngineState::Down, &left).name(), "retract");
    let silent = member(Control::NoLeader("n".into()));
    for engine in [EngineState::Down, EngineState::Locked, silent] {
        assert_ne!(action(engine, &back).name(), "retract");
    }
}

/// A leader that serves publishes the ticket, which comes after the outcome.
#[test]
fn who_has_just_made_or_forced_a_swarm_settles_that_before_it_serves() {
    let made = |departure| Observation {
        membership: None,
        ..at(member(made_under("n")), departure)
    };
    let forced = |departure| Observation {
        forced: Some(Epoch::FIRST.next()),
        ..at(member(made_under("n")), departure)
    };
    for departure in all().into_iter().flatten() {
        for seen in [made(departure.clone()), forced(departure)] {
            let step = decide(&seen).action;
            assert!(!matches!(step, Action::Serve(_)), "{seen:?}");
        }
    }
    let spot = told(Cause::SpotTerminate);
    let first = Action::ReadRegisters(Epoch::FIRST);
    assert_eq!(decide(&made(spot)).action, first);
    let due = Departing {
        remaining: Some(Duration::ZERO),
        hold: Some(hold()),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(decide(&made(due)).action.name(), "complete-lifecycle");
}
