//! What Auto Scaling hears of a departure, and when.

use super::*;

/// aws-node-termination-handler #355: the hook was completed before the work had ended.
#[test]
fn a_hook_is_not_completed_while_tasks_run() {
    let d = Departing {
        hold: Some(Hold {
            beat: just(()),
            ..hold()
        }),
        tasks: just(1),
        ..told(Cause::ScaleIn)
    };
    for engine in [
        member(Control::Worker),
        EngineState::Pending(identity()),
        EngineState::Down,
    ] {
        let step = decide(&at(engine, d.clone())).action;
        assert!(matches!(step, Action::Wait(_)), "{step:?}");
    }
}

/// aws-node-termination-handler #535 and #545: after a drain that timed out or failed the hook was
/// never completed.
#[test]
fn a_hook_is_completed_when_the_time_is_up_and_leaving_fails() {
    let d = Departing {
        remaining: Some(Duration::ZERO),
        hold: Some(hold()),
        leaving: failed(Trouble::Failed("busy".into())),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(d.clone()).name(), "complete-lifecycle");
    for engine in [EngineState::Down, EngineState::Locked] {
        assert_eq!(
            decide(&at(engine, d.clone())).action.name(),
            "complete-lifecycle"
        );
    }
}

/// aws-node-termination-handler #575: the hook of an instance that had never joined.
#[test]
fn a_hook_of_an_instance_that_never_joined_is_completed_at_once() {
    let d = Departing {
        hold: Some(hold()),
        ..departing(Cause::ScaleIn)
    };
    let mut seen = at(EngineState::Inactive, d);
    seen.membership = None;
    assert_eq!(decide(&seen).action.name(), "complete-lifecycle");
    seen.engine = EngineState::Down;
    assert_eq!(decide(&seen).action.name(), "heartbeat");
    seen.since = pace::ENGINE_PATIENCE;
    assert_eq!(decide(&seen).action.name(), "complete-lifecycle");
    seen.engine = EngineState::Pending(Identity::default());
    assert_eq!(decide(&seen).action, Action::Depart);
}

/// A whole group may be leaving: each node asks, beats and tells at a time of its own, and goes on meanwhile.
#[test]
fn what_a_group_that_leaves_says_first_is_spread() {
    let with = |hold| Departing {
        hold: Some(hold),
        tasks: just(3),
        ..told(Cause::ScaleIn)
    };
    let later = Hold {
        first: SECOND,
        ..Hold::default()
    };
    assert_eq!(worker(with(later.clone())), Action::Wait(SECOND));
    let uncounted = Departing {
        tasks: None,
        ..with(later)
    };
    assert_eq!(worker(uncounted), Action::CountTasks);
    assert_eq!(worker(with(Hold::default())).name(), "list-hooks");
    let beat_after = |timeout: Duration, age: Duration| {
        worker(with(Hold {
            hooks: aged(hooks(&[timeout]), age),
            ..Hold::default()
        }))
    };
    assert_ne!(beat_after(HOOK, 29 * SECOND).name(), "heartbeat");
    assert_eq!(beat_after(HOOK, 30 * SECOND).name(), "heartbeat");
    assert_ne!(beat_after(30 * SECOND, 2 * SECOND).name(), "heartbeat");
    assert_eq!(beat_after(30 * SECOND, 3 * SECOND).name(), "heartbeat");
    let late = |since: Duration| {
        let hooks = aged(hooks(&[30 * SECOND]), Duration::ZERO);
        worker(with(Hold {
            since,
            hooks,
            ..Hold::default()
        }))
    };
    assert_ne!(late(14 * SECOND).name(), "heartbeat");
    assert_eq!(late(15 * SECOND).name(), "heartbeat", "a call was lost");
    let done = |word| Departing {
        left: true,
        hold: Some(Hold { word, ..hold() }),
        ..told(Cause::ScaleIn)
    };
    let outside = |d| decide(&at(EngineState::Inactive, d)).action;
    assert_eq!(outside(done(SECOND)), Action::Wait(SECOND));
    assert_eq!(outside(done(Duration::ZERO)).name(), "complete-lifecycle");
}

/// aws-node-termination-handler #1172: heartbeats are part of the rounds; one that fails ends
/// nothing.
#[test]
fn heartbeats_go_on_while_the_node_drains_and_their_failure_is_borne() {
    let with = |beat| Departing {
        hold: Some(Hold { beat, ..hold() }),
        tasks: just(3),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(with(None)).name(), "heartbeat");
    assert_eq!(worker(with(just(()))), Action::Wait(pace::TASKS_LOOK));
    assert_eq!(worker(with(aged((), 60 * SECOND))).name(), "heartbeat");
    let trouble = failed(Trouble::Denied("no".into()));
    assert_eq!(worker(with(trouble)), Action::Wait(pace::TASKS_LOOK));
    let short = Departing {
        hold: Some(Hold {
            hooks: aged(hooks(&[HOOK, 30 * SECOND]), 60 * SECOND),
            beat: aged((), 12 * SECOND),
            ..Hold::default()
        }),
        ..with(None)
    };
    assert_eq!(worker(short).name(), "heartbeat", "less than half of 30 s");
    let gone = Departing {
        hold: None,
        ..with(None)
    };
    assert_eq!(worker(gone), Action::Wait(pace::TASKS_LOOK));
}

#[test]
fn what_auto_scaling_is_being_asked_is_not_asked_again_and_in_nobodys_way() {
    let step = |engine: &EngineState, call, tasks| {
        let d = Departing {
            tasks,
            hold: Some(Hold {
                asked: Some(call),
                ..hold()
            }),
            ..told(Cause::ScaleIn)
        };
        decide(&at(engine.clone(), d)).action
    };
    let here = member(Control::Worker);
    for call in [HookCall::List, HookCall::Beat] {
        assert_eq!(step(&here, call, None), Action::CountTasks);
        assert_eq!(step(&here, call, just(0)), Action::Depart);
        let waits = step(&here, call, just(3));
        assert_eq!(waits, Action::Wait(pace::TASKS_LOOK));
    }
    let outside = |call| step(&EngineState::Inactive, call, just(0));
    for call in [HookCall::List, HookCall::Complete] {
        assert_eq!(outside(call), Action::Wait(pace::ROUND));
    }
    assert_eq!(outside(HookCall::Beat).name(), "complete-lifecycle");
}

#[test]
fn a_group_that_does_not_wait_has_to_say_so_twice() {
    let with = |completing| {
        let d = Departing {
            hold: Some(Hold {
                completing,
                ..hold()
            }),
            ..departing(Cause::ScaleIn)
        };
        decide(&at(EngineState::Inactive, d)).action
    };
    assert_eq!(with(None).name(), "complete-lifecycle");
    assert_eq!(with(just(())), Action::Wait(10 * SECOND));
    assert_eq!(with(aged((), 10 * SECOND)).name(), "complete-lifecycle");
}

#[test]
fn hooks_that_cannot_be_listed_are_asked_for_again_and_not_passed_over() {
    let d = Departing {
        hold: Some(Hold {
            hooks: failed(Trouble::Denied("autoscaling:DescribeLifecycleHooks".into())),
            ..Hold::default()
        }),
        ..departing(Cause::ScaleIn)
    };
    let Decision { action, reason } = decide(&at(EngineState::Inactive, d));
    assert_eq!(action, Action::Wait(2 * SECOND));
    assert!(reason.to_string().contains("DescribeLifecycleHooks"));
}
