use super::*;
use crate::Turn;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

fn launch() -> Launch {
    Launch {
        in_service: true,
        belongs: Belongs::Never,
        age: MINUTE,
        budget: None,
        on_failure: OnFailure::Abandon,
        hook: Some(hook(15 * MINUTE, MINUTE)),
        last: None,
    }
}

/// One whose time began with the boot.
fn hook(timeout: Duration, running: Duration) -> LaunchHook {
    LaunchHook {
        timeout,
        running: Some(running),
        waited: running,
    }
}

fn budget(budget: Duration, age: Duration, hook: LaunchHook) -> Result<Duration, Word> {
    word(&Launch {
        budget: Some(budget),
        age,
        hook: Some(hook),
        ..launch()
    })
}

#[test]
fn a_member_is_ready_whatever_is_known_of_the_hook() {
    for hook in [None, Some(hook(MINUTE, 2 * MINUTE))] {
        let member = Launch {
            belongs: Belongs::Member,
            hook,
            ..launch()
        };
        assert_eq!(word(&member), Err(Word::Ready));
    }
}

#[test]
fn without_a_budget_it_is_the_hooks_time_less_a_minute_or_a_quarter() {
    for (timeout, budget) in [
        (30, 22.5),
        (60, 45.0),
        (240, 180.0),
        (300, 240.0),
        (900, 840.0),
        (7200, 7140.0),
    ] {
        let (timeout, budget) = (timeout * SECOND, Duration::from_secs_f64(budget));
        let with = |running| {
            word(&Launch {
                hook: Some(hook(timeout, running)),
                ..launch()
            })
        };
        let early = budget.saturating_sub(SECOND);
        assert_eq!(with(early), Ok(SECOND), "{timeout:?}");
        assert_eq!(with(budget), Err(Word::Failed), "{timeout:?}");
        let rest = timeout.saturating_sub(budget);
        assert!(
            rest == MINUTE || rest == timeout / 4,
            "{timeout:?}: {rest:?}"
        );
    }
}

/// What counts is the hook's time, not how long the agent runs: `prepare` came before it.
#[test]
fn the_time_of_a_hook_begins_before_the_agent_and_anew_with_a_heartbeat() {
    let hook = |running| LaunchHook {
        running,
        ..hook(15 * MINUTE, 40 * MINUTE)
    };
    let with = |age, running| {
        word(&Launch {
            age,
            hook: Some(hook(running)),
            ..launch()
        })
    };
    assert_eq!(with(MINUTE, Some(14 * MINUTE)), Err(Word::Failed));
    assert_eq!(with(MINUTE, Some(5 * MINUTE)), Ok(9 * MINUTE));
    assert_eq!(with(MINUTE, None), Err(Word::Longer), "then it is known");
}

#[test]
fn hooks_are_asked_for_once_and_not_where_all_goes_well() {
    let unknown = |age| {
        word(&Launch {
            age,
            hook: None,
            ..launch()
        })
    };
    assert_eq!(unknown(Duration::ZERO), Ok(5 * SECOND));
    assert_eq!(unknown(4 * SECOND), Ok(SECOND));
    assert_eq!(unknown(5 * SECOND), Err(Word::Ask));
}

#[test]
fn a_budget_that_fits_into_the_hooks_time_takes_no_heartbeat() {
    for (set, age, expected) in [
        (5 * MINUTE, MINUTE, Ok(4 * MINUTE)),
        (5 * MINUTE, 4 * MINUTE, Ok(MINUTE)),
        (5 * MINUTE, 5 * MINUTE, Err(Word::Failed)),
        (14 * MINUTE, 13 * MINUTE, Ok(MINUTE)),
    ] {
        let found = budget(set, age, hook(15 * MINUTE, age));
        assert_eq!(found, expected, "{set:?} {age:?}");
    }
}

#[test]
fn a_longer_budget_is_kept_by_heartbeats_in_less_than_half_of_the_hooks_time() {
    let set = 30 * MINUTE;
    // Of 15 minutes 6 until the first one.
    for (age, running, expected) in [
        (MINUTE, MINUTE, Ok(5 * MINUTE)),
        (6 * MINUTE, 6 * MINUTE, Err(Word::Longer)),
        (6 * MINUTE, Duration::ZERO, Ok(6 * MINUTE)),
        (12 * MINUTE, 6 * MINUTE, Err(Word::Longer)),
        // The rest of the budget fits into what the hook waits.
        (18 * MINUTE, 2 * MINUTE, Ok(12 * MINUTE)),
        (30 * MINUTE, 6 * MINUTE, Err(Word::Failed)),
    ] {
        let hook = LaunchHook {
            waited: age,
            ..hook(15 * MINUTE, running)
        };
        assert_eq!(budget(set, age, hook), expected, "{age:?} {running:?}");
    }
    let short = hook(30 * SECOND, 12 * SECOND);
    assert_eq!(budget(MINUTE, 12 * SECOND, short), Err(Word::Longer));
}

/// Played second by second: no two heartbeats are further apart than half of the hook's time, none is said
/// in vain, and the last word comes before the hook runs out.
#[test]
fn whatever_the_budget_the_last_word_comes_in_time() {
    for timeout in [30, 60, 300, 900] {
        for set in [None, Some(60), Some(200), Some(840), Some(2000)] {
            let (mut beaten, mut beats) = (0, 0);
            let failed = (0..10_000).find(|&now| {
                let running = now - beaten;
                assert!(running < timeout, "it ran out: {timeout} {set:?}");
                let found = word(&Launch {
                    age: Duration::from_secs(now),
                    budget: set.map(Duration::from_secs),
                    hook: Some(LaunchHook {
                        waited: Duration::from_secs(now),
                        ..hook(Duration::from_secs(timeout), Duration::from_secs(running))
                    }),
                    ..launch()
                });
                if found == Err(Word::Longer) {
                    assert!(2 * running < timeout, "{timeout} {set:?}");
                    (beaten, beats) = (now, beats + 1);
                }
                found == Err(Word::Failed)
            });
            let margin = (timeout / 4).min(60);
            let expected = set.unwrap_or(timeout - margin).min(100 * timeout - margin);
            let failed = failed.expect("a last word");
            assert!(
                failed.abs_diff(expected) <= 1,
                "{timeout} {set:?}: {failed}"
            );
            let fits = set.is_none_or(|set| set <= timeout - margin);
            assert_eq!(beats == 0, fits, "{timeout} {set:?}");
        }
    }
}

#[test]
fn no_budget_goes_beyond_what_heartbeats_can_do() {
    let with = |timeout: Duration, waited| {
        let hook = LaunchHook {
            waited,
            ..hook(timeout, Duration::ZERO)
        };
        budget(Duration::from_hours(100), MINUTE, hook)
    };
    // A hundred times 30 s.
    let left = Duration::from_millis(12_500);
    assert_eq!(with(30 * SECOND, 2980 * SECOND), Ok(left));
    assert_eq!(with(30 * SECOND, 2993 * SECOND), Err(Word::Failed));
    let day = Duration::from_hours(24);
    assert_eq!(
        with(2 * 60 * MINUTE, (2 * day).saturating_sub(MINUTE)),
        Err(Word::Failed)
    );
}

/// It joined while its group could not be told, and then its swarm lost its leader.
#[test]
fn who_was_in_the_swarm_and_comes_back_keeps_its_hook() {
    let bereft = |hook| {
        word(&Launch {
            belongs: Belongs::Returns,
            hook,
            ..launch()
        })
    };
    let running = |running| Some(hook(5 * MINUTE, running));
    assert_eq!(bereft(running(MINUTE)), Ok(pace::ROUND));
    assert_eq!(bereft(running(110 * SECOND)), Ok(10 * SECOND));
    assert_eq!(bereft(running(2 * MINUTE)), Err(Word::Longer));
    let at_last = LaunchHook {
        waited: Duration::from_hours(48),
        ..hook(5 * MINUTE, 2 * MINUTE)
    };
    assert_eq!(
        bereft(Some(at_last)),
        Ok(pace::ROUND),
        "no heartbeat keeps it"
    );
    assert_eq!(bereft(None), Ok(pace::ROUND));
}

#[test]
fn nobody_who_may_join_yet_or_need_not_is_given_up() {
    let late = Launch {
        hook: Some(hook(15 * MINUTE, 20 * MINUTE)),
        budget: Some(MINUTE),
        age: 20 * MINUTE,
        ..launch()
    };
    assert_eq!(word(&late), Err(Word::Failed));
    for patient in [
        Launch {
            belongs: Belongs::Was,
            ..late.clone()
        },
        Launch {
            on_failure: OnFailure::Wait,
            ..late.clone()
        },
        Launch {
            in_service: false,
            ..late
        },
    ] {
        for hook in [patient.hook, None] {
            let patient = Launch {
                hook,
                ..patient.clone()
            };
            assert_eq!(word(&patient), Ok(pace::ROUND), "{patient:?}");
        }
    }
}

#[test]
fn a_call_that_failed_is_repeated_after_a_gap() {
    let last = |value, age, looks| Reading {
        value,
        age,
        looks,
        lasted: Duration::ZERO,
        turn: Turn::default(),
    };
    let with = |last| {
        word(&Launch {
            belongs: Belongs::Member,
            last: Some(last),
            ..launch()
        })
    };
    let denied = || Err(Trouble::Denied("d".into()));
    assert_eq!(with(last(denied(), Duration::ZERO, 1)), Ok(5 * SECOND));
    assert_eq!(with(last(denied(), MINUTE, 1)), Err(Word::Ready));
    assert_eq!(
        with(last(Ok(()), Duration::ZERO, 1)),
        Ok(pace::NOT_WAITING_GAP)
    );
    assert_eq!(with(last(Ok(()), MINUTE, 1)), Err(Word::Ready));
    // A hook of half a minute does not wait for the longest gap.
    let beat = Launch {
        budget: Some(30 * MINUTE),
        hook: Some(hook(30 * SECOND, 20 * SECOND)),
        last: Some(last(denied(), 8 * SECOND, 9)),
        ..launch()
    };
    assert_eq!(word(&beat), Err(Word::Longer));
}
