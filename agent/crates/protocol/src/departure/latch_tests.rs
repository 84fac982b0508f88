use proptest::prelude::*;

use super::*;
use crate::departure::notice::{SpotAction, SpotNotice};

const NOW: u64 = 1_000_000;
const HERE: Wall<'static> = Wall {
    now: NOW,
    boot: "boot",
};

fn rules() -> Rules {
    Rules {
        rebalance: true,
        maintenance: true,
        drain_limit: Duration::from_mins(15),
        margin: Duration::from_secs(20),
        traffic_wait: Duration::ZERO,
    }
}

fn target(target: Target) -> Heard {
    let notices = Notices {
        target: Some(target),
        ..Notices::default()
    };
    Heard {
        notices,
        request: Some(None),
    }
}

fn spot(action: SpotAction, time: u64) -> Heard {
    let mut heard = target(Target::InService);
    heard.notices.spot = Some(Some(SpotNotice { action, time }));
    heard
}

fn asked(request: Request) -> Heard {
    Heard {
        request: Some(Some(request)),
        ..target(Target::InService)
    }
}

fn start(heard: &Heard) -> Departure {
    settle(None, heard, &rules(), HERE).unwrap()
}

fn again(latched: &Departure, heard: &Heard, now: u64) -> Option<Departure> {
    settle(Some(latched), heard, &rules(), Wall { now, ..HERE })
}

fn restarted() -> Heard {
    Heard::default()
}

/// A retirement is cancelled, and in the same look, or while that is taken back, an operator has the node leave.
#[test]
fn what_was_said_is_taken_back_also_where_another_cause_came_between() {
    let mut retired = target(Target::InService);
    retired.notices.maintenance = Some(Some(NOW + 500));
    let mut cancelled = asked(Request::Leave);
    cancelled.notices.maintenance = Some(None);
    let said = Departure {
        announced: Some(NOW),
        marked: true,
        left: true,
        ..start(&retired)
    };
    for (withdrawn, left) in [(false, false), (false, true), (true, false), (true, true)] {
        let before = Departure {
            left,
            withdrawn,
            ..said.clone()
        };
        let next = again(&before, &cancelled, NOW + 9).unwrap();
        assert_eq!((next.cause, next.withdrawn), (Cause::Leave, false));
        let entry = !before.left;
        assert_eq!((next.announced, next.marked), (Some(NOW), entry));
        assert!(
            !next.left,
            "a drain that follows has it join and mark its entry"
        );
        let mut stays = target(Target::InService);
        stays.notices.maintenance = Some(None);
        let over = again(&next, &stays, NOW + 20).unwrap();
        assert!(over.withdrawn, "its announcement has to be taken back");
    }
}

#[test]
fn each_cause_has_its_time() {
    let mut advice = target(Target::InService);
    advice.notices.rebalance = Some(true);
    let mut retired = target(Target::InService);
    retired.notices.maintenance = Some(Some(NOW + 500));
    for (heard, cause, deadline) in [
        (target(Target::Terminated), Cause::ScaleIn, Some(NOW + 900)),
        (target(Target::Warmed), Cause::WarmPool, Some(NOW + 900)),
        (
            spot(SpotAction::Terminate, NOW + 120),
            Cause::SpotTerminate,
            Some(NOW + 100),
        ),
        (
            spot(SpotAction::Stop, NOW + 120),
            Cause::SpotStop,
            Some(NOW + 100),
        ),
        (advice, Cause::Rebalance, Some(NOW + 900)),
        (retired, Cause::Maintenance, Some(NOW + 480)),
        (asked(Request::Leave), Cause::Leave, Some(NOW + 900)),
        (asked(Request::Drain), Cause::Drain, None),
    ] {
        let departure = start(&heard);
        assert_eq!((departure.cause, departure.deadline), (cause, deadline));
    }
}

/// From its begin on it has no new traffic: a cause that takes it over finds that wait as far as it is.
#[test]
fn the_wait_for_traffic_counts_from_the_begin_of_the_departure() {
    let waits = Rules {
        traffic_wait: Duration::from_secs(90),
        ..rules()
    };
    let settled = |latched: Option<&Departure>, heard: &Heard, now| {
        settle(latched, heard, &waits, Wall { now, ..HERE }).unwrap()
    };
    let drained = settled(None, &asked(Request::Drain), NOW);
    assert_eq!(drained.traffic_until, Some(NOW + 90));
    for (now, left) in [(NOW, 90), (NOW + 89, 1), (NOW + 90, 0), (NOW + 500, 0)] {
        assert_eq!(drained.forwards(now), Duration::from_secs(left));
    }
    let mut both = asked(Request::Drain);
    both.notices.target = Some(Target::Terminated);
    let ended = settled(Some(&drained), &both, NOW + 60);
    assert_eq!(ended.cause, Cause::ScaleIn);
    assert_eq!(ended.traffic_until, Some(NOW + 90));
    let without = start(&target(Target::Terminated));
    assert_eq!(without.traffic_until, None);
    assert_eq!(without.forwards(NOW), Duration::ZERO);
}

#[test]
fn what_is_no_cause_starts_nothing() {
    let mut far = target(Target::InService);
    far.notices.maintenance = Some(Some(NOW + 700));
    for heard in [
        restarted(),
        target(Target::None),
        target(Target::InService),
        target(Target::Other),
        far,
    ] {
        assert_eq!(settle(None, &heard, &rules(), HERE), None, "{heard:?}");
    }
    let mut advice = target(Target::InService);
    advice.notices.rebalance = Some(true);
    advice.notices.maintenance = Some(Some(NOW));
    let deaf = Rules {
        rebalance: false,
        maintenance: false,
        ..rules()
    };
    assert_eq!(settle(None, &advice, &deaf, HERE), None);
}

/// aws-node-termination-handler #1100: the same event, seen again, started another drain.
#[test]
fn an_event_that_is_seen_again_starts_no_other_departure() {
    let heard = target(Target::Terminated);
    let mut departure = start(&heard);
    departure.announced = Some(NOW);
    for seconds in 1..2000 {
        let next = again(&departure, &heard, NOW + seconds).unwrap();
        assert_eq!(next, departure);
        departure = next;
    }
}

#[test]
fn a_spot_notice_during_a_scale_in_wins_the_deadline_and_no_other_is_started() {
    let mut departure = start(&target(Target::Terminated));
    departure.announced = Some(NOW);
    let mut both = spot(SpotAction::Terminate, NOW + 130);
    both.notices.target = Some(Target::Terminated);
    let next = again(&departure, &both, NOW + 10).unwrap();
    assert_eq!(next.cause, Cause::ScaleIn);
    assert_eq!(next.deadline, Some(NOW + 110));
    assert_eq!(next.announced, Some(NOW));
}

#[test]
fn a_stronger_cause_takes_over_and_has_auto_scaling_told() {
    let mut departure = start(&asked(Request::Drain));
    departure.announced = Some(NOW);
    let mut both = asked(Request::Drain);
    both.notices.target = Some(Target::Terminated);
    let next = again(&departure, &both, NOW + 10).unwrap();
    assert_eq!(next.cause, Cause::ScaleIn);
    assert_eq!(next.deadline, Some(NOW + 910));
    assert_eq!(next.announced, Some(NOW));

    let mut warmed = start(&target(Target::Warmed));
    warmed.completed = true;
    let kept = again(&warmed, &target(Target::Warmed), NOW).unwrap();
    assert!(kept.completed);
    assert!(
        !again(&warmed, &target(Target::Terminated), NOW)
            .unwrap()
            .completed
    );
}

#[test]
fn silence_after_a_restart_ends_no_departure() {
    let mut retired = target(Target::InService);
    retired.notices.maintenance = Some(Some(NOW + 500));
    for heard in [
        target(Target::Terminated),
        target(Target::Warmed),
        spot(SpotAction::Hibernate, NOW + 120),
        retired,
        asked(Request::Leave),
        asked(Request::Drain),
    ] {
        let departure = start(&heard);
        assert_eq!(again(&departure, &restarted(), NOW + 5), Some(departure));
    }
}

#[test]
fn a_stop_ends_with_its_boot_and_a_termination_does_not() {
    let reboot = |departure: &Departure| {
        let wall = Wall {
            now: NOW + 1000,
            boot: "next",
        };
        settle(Some(departure), &restarted(), &rules(), wall)
    };
    for action in [SpotAction::Stop, SpotAction::Hibernate] {
        assert_eq!(reboot(&start(&spot(action, NOW + 120))), None);
    }
    let ended = start(&spot(SpotAction::Terminate, NOW + 120));
    assert_eq!(reboot(&ended), Some(ended));
    let left = start(&asked(Request::Leave));
    assert_eq!(reboot(&left), Some(left), "over reboots");
}

/// The kernel that wakes up is the one that went to sleep.
#[test]
fn an_instance_that_wakes_up_departs_no_more() {
    let departure = start(&spot(SpotAction::Hibernate, NOW + 120));
    let awake = Heard {
        notices: Notices {
            spot: Some(None),
            ..Notices::default()
        },
        request: Some(None),
    };
    assert!(again(&departure, &awake, NOW + 200).is_some());
    assert_eq!(again(&departure, &awake, NOW + 4000), None);
}

#[test]
fn a_cause_that_is_gone_ends_it_and_what_was_said_is_taken_back() {
    let in_service = target(Target::InService);
    let activate = asked(Request::Activate {
        boot: "boot".into(),
    });
    for (heard, end) in [
        (target(Target::Warmed), &in_service),
        (target(Target::Terminated), &in_service),
        (asked(Request::Leave), &activate),
        (asked(Request::Drain), &activate),
    ] {
        let mut departure = start(&heard);
        assert_eq!(again(&departure, end, NOW), None);
        departure.announced = Some(NOW);
        let back = again(&departure, end, NOW).unwrap();
        assert!(back.withdrawn);
        assert_eq!(again(&back, end, NOW + 5), Some(back.clone()));
        let anew = again(&back, &heard, NOW + 9).unwrap();
        // It was not taken back yet.
        assert!(!anew.withdrawn && anew.announced == Some(NOW));
    }
}

#[test]
fn an_operator_overrules_advice_but_no_order() {
    let activate = Some(Some(Request::Activate {
        boot: "boot".into(),
    }));
    let mut advice = target(Target::InService);
    advice.notices.rebalance = Some(true);
    let departure = start(&advice);
    advice.request = activate.clone();
    assert_eq!(again(&departure, &advice, NOW), None);
    let mut order = target(Target::Terminated);
    order.request = activate;
    assert_eq!(start(&order).cause, Cause::ScaleIn);
}

fn heards() -> impl Strategy<Value = Heard> {
    let targets = prop::option::of(prop::sample::select(vec![
        Target::None,
        Target::InService,
        Target::Terminated,
        Target::Warmed,
        Target::Other,
    ]));
    let actions = prop::sample::select(vec![
        SpotAction::Terminate,
        SpotAction::Stop,
        SpotAction::Hibernate,
    ]);
    let spots = (actions, any::<u64>()).prop_map(|(action, time)| SpotNotice { action, time });
    let requests = prop::sample::select(vec![
        Request::Leave,
        Request::Drain,
        Request::Activate {
            boot: "boot".into(),
        },
    ]);
    let maintenance = prop::option::of(prop::option::of(any::<u64>()));
    let spots = prop::option::of(prop::option::of(spots));
    let requests = prop::option::of(prop::option::of(requests));
    let rebalance = prop::option::of(any::<bool>());
    (targets, spots, rebalance, maintenance, requests).prop_map(
        |(target, spot, rebalance, maintenance, request)| Heard {
            notices: Notices {
                target,
                spot,
                rebalance,
                maintenance,
            },
            request,
        },
    )
}

proptest! {
    /// Total; while a departure lasts its time only gets shorter and its cause only stronger; and
    /// it ends at least the margin before a time that spot has published.
    #[test]
    fn a_departure_only_tightens(story in prop::collection::vec((heards(), 0u64..100), 1..20)) {
        let mut latched: Option<Departure> = None;
        let mut now = NOW;
        for (heard, seconds) in story {
            now += seconds;
            let wall = Wall { now, ..HERE };
            let next = settle(latched.as_ref(), &heard, &rules(), wall);
            if let (Some(before), Some(after)) = (&latched, &next)
                && !before.withdrawn && !after.withdrawn
                && lasts(before, &heard, &rules(), wall)
            {
                prop_assert!(after.cause >= before.cause);
                prop_assert!(before.deadline.is_none_or(|d| after.deadline.is_some_and(|e| e <= d)));
            }
            if let Some(spot) = heard.notices.spot.flatten() {
                let departure = next.as_ref().unwrap();
                prop_assert!(departure.deadline.unwrap() <= spot.time.saturating_sub(20));
            }
            latched = next;
        }
    }
}
