//! Members that have lost something: their managers, their place, their key, their engine.

use super::*;

pub(super) fn worker() -> Observation {
    Observation {
        engine: member(Control::Worker),
        membership: membership(),
        standing: standing(Verdict::Member, 1, Duration::ZERO),
        ..outside(Role::Worker)
    }
}

pub(super) fn headless() -> Observation {
    Observation {
        role: Role::Manager,
        engine: member(Control::NoLeader("no leader".into())),
        since: 130 * SECOND,
        standing: standing(Verdict::Silent, 6, 125 * SECOND),
        ticket: just(Some(ticket())),
        managers: lasting(vec![nobody(4), nobody(5)], 60 * SECOND),
        peers: peers(),
        ..worker()
    }
}

pub(super) fn newer() -> Ticket {
    Ticket {
        epoch: Epoch::FIRST.next(),
        swarm_id: "newer".into(),
        ..ticket()
    }
}

pub(super) fn action(seen: &Observation) -> Action {
    decide(seen).action
}

pub(super) fn reason(seen: &Observation) -> Reason {
    decide(seen).reason
}

#[test]
fn a_worker_asks_one_manager_a_round_and_nobody_else() {
    let mut seen = worker();
    assert_eq!(action(&seen), Action::Serve(pace::ROUND));
    seen.standing.as_mut().unwrap().age = pace::ROUND;
    assert_eq!(action(&seen).name(), "ask-standing");
    seen.standing = None;
    assert_eq!(action(&seen).name(), "ask-standing");
    seen.standing = standing(Verdict::Unclear, 9, 900 * SECOND);
    assert_eq!(
        action(&seen),
        Action::Serve(pace::ROUND),
        "unclear is never removed"
    );
}

#[test]
fn a_manager_that_is_still_a_worker_writes_down_which_node_it_is_and_says_so() {
    let mut seen = Observation {
        role: Role::Manager,
        ..worker()
    };
    assert_eq!(action(&seen), Action::RecordNode("node".into()));
    seen.recorded = Some(answered(Ok("node".into())));
    assert!(reason(&seen).to_string().contains("waiting to be promoted"));
    assert_eq!(
        action(&seen),
        Action::Serve(pace::PROMOTION_LOOK),
        "nothing tells it that it was"
    );
    seen.recorded = Some(answered(Ok("an earlier one".into())));
    assert_eq!(action(&seen), Action::RecordNode("node".into()));
}

#[test]
fn a_record_that_cannot_be_written_is_tried_again_after_a_gap_and_never_before_its_managers_are_asked()
 {
    let mut seen = Observation {
        role: Role::Manager,
        recorded: Some(answered(Err(Trouble::Denied("no".into())))),
        ..worker()
    };
    assert!(matches!(action(&seen), Action::Serve(_)));
    assert!(reason(&seen).to_string().ends_with(": no"));
    seen.recorded.as_mut().unwrap().age = pace::ROUND;
    assert_eq!(action(&seen), Action::RecordNode("node".into()));
    seen.standing = standing(Verdict::Silent, 0, Duration::ZERO);
    assert!(!matches!(action(&seen), Action::RecordNode(_)));
}

/// Just now, once.
fn answered(value: crate::Answer<String>) -> Reading<String> {
    Reading {
        value,
        age: Duration::ZERO,
        looks: 1,
        lasted: Duration::ZERO,
        turn: Turn::Drawn(0),
    }
}

#[test]
fn removed_has_to_be_said_twice_fifteen_seconds_apart() {
    for engine in [
        member(Control::Worker),
        member(Control::NoLeader("no leader".into())),
        EngineState::Pending(identity()),
    ] {
        let mut seen = Observation {
            engine,
            standing: standing(Verdict::Removed, 1, Duration::ZERO),
            ..worker()
        };
        assert_eq!(action(&seen), Action::Wait(pace::REMOVED_GAP));
        seen.standing.as_mut().unwrap().age = pace::REMOVED_GAP;
        assert_eq!(action(&seen).name(), "ask-standing");
        seen.standing = standing(Verdict::Removed, 2, pace::REMOVED_GAP);
        assert_eq!(action(&seen), Action::Leave);
        seen.acted = Some(599 * SECOND);
        assert_eq!(action(&seen), Action::Wait(SECOND));
        assert!(matches!(
            reason(&seen),
            Reason::Resting { would: "leave", .. }
        ));
        seen.acted = Some(600 * SECOND);
        assert_eq!(action(&seen), Action::Leave);
    }
}

#[test]
fn a_worker_with_silent_managers_stays_whatever_happens() {
    let mut seen = worker();
    seen.standing = standing(Verdict::Silent, 99, 9_999 * SECOND);
    assert_eq!(action(&seen), Action::ReadTicket);
    for ticket in [
        just(None),
        failed(Trouble::Denied("d".into())),
        just(Some(Ticket {
            swarm_id: "other".into(),
            ..ticket()
        })),
    ] {
        seen.ticket = ticket;
        assert!(matches!(action(&seen), Action::Serve(_)), "{seen:?}");
    }
    seen.ticket = just(Some(ticket()));
    assert_eq!(action(&seen).name(), "probe");
    seen.managers = lasting(vec![nobody(4), nobody(5)], 9_999 * SECOND);
    assert!(matches!(action(&seen), Action::Serve(_)));
    assert_eq!(reason(&seen), Reason::ManagersSilent);
}

#[test]
fn a_stray_joins_other_managers_of_its_swarm_after_two_minutes() {
    for engine in [member(Control::Worker), EngineState::Pending(identity())] {
        let mut seen = Observation {
            engine,
            ticket: just(Some(ticket())),
            standing: standing(Verdict::Silent, 9, 300 * SECOND),
            managers: lasting(vec![manager(5, "swarm", Some(digest()))], 119 * SECOND),
            ..worker()
        };
        assert_ne!(action(&seen), Action::Leave);
        seen.managers = lasting(vec![manager(5, "swarm", Some(digest()))], 120 * SECOND);
        assert_eq!(action(&seen), Action::Leave);
        assert_eq!(reason(&seen), Reason::ManagersReplaced);
        seen.acted = Some(SECOND);
        assert_ne!(action(&seen), Action::Leave, "its swarm may live");
        seen.acted = None;
        seen.standing = standing(Verdict::Member, 9, 300 * SECOND);
        assert_ne!(action(&seen), Action::Leave, "a member is never moved");
    }
}

#[test]
fn a_newer_swarm_draws_a_node_over_only_while_its_own_managers_are_silent() {
    for seen in [worker(), headless()] {
        let mut seen = Observation {
            ticket: just(Some(newer())),
            standing: standing(Verdict::Silent, 9, 125 * SECOND),
            managers: lasting(vec![manager(4, "newer", Some(digest()))], 29 * SECOND),
            ..seen
        };
        assert_ne!(action(&seen), Action::Leave);
        seen.managers = lasting(vec![manager(4, "newer", Some(digest()))], 30 * SECOND);
        assert_eq!(action(&seen), Action::Leave);
        seen.acted = Some(SECOND);
        let now = decide(&seen);
        assert_eq!(now.action, Action::Leave, "held back by no earlier act");
        seen.standing.as_mut().unwrap().age = 2 * pace::LAST_LOOK;
        assert_eq!(action(&seen).name(), "ask-standing", "a last look");
        seen.standing = standing(Verdict::Member, 9, 300 * SECOND);
        assert_ne!(action(&seen), Action::Leave);
    }
}

#[test]
fn a_manager_that_was_not_promoted_leaves_a_swarm_that_is_gone_for_good() {
    let instances = vec!["i-4".into(), "i-9".into()];
    let mut seen = Observation {
        role: Role::Manager,
        ticket: just(Some(Ticket {
            instances,
            ..ticket()
        })),
        standing: standing(Verdict::Silent, 9, 119 * SECOND),
        managers: lasting(vec![nobody(4)], 300 * SECOND),
        fleet: words(&[("i-4", Life::Terminated)]),
        ..worker()
    };
    assert_ne!(action(&seen), Action::Leave);
    seen.standing = standing(Verdict::Silent, 9, 120 * SECOND);
    assert_eq!(decide(&seen), step(Action::Leave, Reason::SwarmLost));
    seen.acted = Some(SECOND);
    assert_eq!(decide(&seen), step(Action::Leave, Reason::SwarmLost));
    seen.role = Role::Worker;
    assert_ne!(action(&seen), Action::Leave, "a worker waits for the next");
    seen.role = Role::Manager;
    seen.fleet = words(&[("i-4", Life::Alive)]);
    assert_ne!(action(&seen), Action::Leave);
    seen.fleet = Fleet::default();
    assert_eq!(action(&seen), Action::AskFleet(vec!["i-4".into()]));
}

#[test]
fn an_expired_certificate_waits_for_a_manager_that_can_take_the_node() {
    let mut seen = worker();
    seen.engine = failure("certificate has expired");
    seen.validity = Some(Validity::Over);
    seen.since = 60 * SECOND;
    assert_eq!(action(&seen), Action::ReadTicket);
    seen.ticket = just(Some(ticket()));
    assert_eq!(action(&seen).name(), "probe");
    seen.managers = just(vec![nobody(4)]);
    assert!(matches!(action(&seen), Action::Wait(_)));
    seen.managers = just(vec![manager(4, "swarm", Some(digest()))]);
    assert_eq!(action(&seen), Action::Leave);
}

/// "can't initialize raft node: … connection refused", while the manager that it asks ends: Docker starts it anew 0.2 s later,
/// and raft counts it by then.
#[test]
fn an_engine_that_fails_for_a_moment_leaves_nothing() {
    for role in [Role::Worker, Role::Manager] {
        let mut seen = Observation { role, ..worker() };
        seen.engine = failure("");
        seen.ticket = just(Some(ticket()));
        seen.managers = just(vec![manager(4, "swarm", Some(digest()))]);
        for since in [0, 59] {
            seen.since = since * SECOND;
            assert!(matches!(action(&seen), Action::Wait(left) if left <= 2 * SECOND));
        }
        seen.since = 60 * SECOND;
        assert_eq!(action(&seen), Action::Leave);
    }
}

/// A clock two hours back, and an engine that was started with it: Docker's state is `error` until it is started again.
fn by_a_clock(validity: Validity) -> Observation {
    Observation {
        engine: failure("certificate has expired or is not yet valid"),
        validity: Some(validity),
        since: 9_999 * SECOND,
        ticket: just(Some(ticket())),
        managers: lasting(vec![manager(4, "swarm", Some(digest()))], 9_999 * SECOND),
        ..worker()
    }
}

#[test]
fn a_clock_that_is_behind_proves_nothing_and_a_person_is_told_to_put_it_right() {
    for role in [Role::Worker, Role::Manager] {
        let seen = Observation {
            role,
            ..by_a_clock(Validity::NotYet)
        };
        assert_eq!(action(&seen), Action::Wait(pace::ROUND));
        let text = reason(&seen).to_string();
        assert!(
            text.contains("not yet valid") && text.contains("169.254.169.123"),
            "{text}"
        );
    }
}

#[test]
fn an_engine_that_failed_by_a_clock_which_is_right_now_is_restarted_and_not_left() {
    for role in [Role::Worker, Role::Manager] {
        let mut seen = Observation {
            role,
            ..by_a_clock(Validity::Now)
        };
        seen.since = 59 * SECOND;
        assert_eq!(action(&seen), Action::Wait(SECOND), "Docker may try again");
        seen.since = 60 * SECOND;
        assert_eq!(action(&seen), Action::RestartEngine);
        seen.acted = Some(599 * SECOND);
        assert_eq!(action(&seen), Action::Wait(SECOND));
        seen.validity = None;
        assert_eq!(
            action(&seen),
            Action::Wait(SECOND),
            "one act in ten minutes"
        );
        seen.acted = Some(600 * SECOND);
        assert_eq!(action(&seen), Action::Leave, "the restart did not help");
    }
}

/// Nothing could be lost by it.
#[test]
fn a_first_join_that_failed_by_a_clock_is_left_and_tried_again() {
    let seen = Observation {
        membership: None,
        ..by_a_clock(Validity::NotYet)
    };
    assert_eq!(action(&seen), Action::Leave);
    assert!(reason(&seen).to_string().contains("169.254.169.123"));
}

#[test]
fn a_locked_engine_is_unlocked_or_says_what_is_missing() {
    let mut seen = worker();
    seen.engine = EngineState::Locked;
    assert_eq!(action(&seen), Action::Unlock);
    seen.unlock = failed(Trouble::Failed(
        "there is no parameter /s/c/unlock-key".into(),
    ));
    assert!(matches!(action(&seen), Action::Wait(_)));
    let text = reason(&seen).to_string();
    assert!(
        text.contains("unlock-key") && text.contains("docker swarm unlock"),
        "{text}"
    );
}

#[test]
fn an_engine_that_hangs_is_restarted_once_in_ten_minutes() {
    let mut seen = worker();
    seen.engine = EngineState::Down;
    seen.since = 89 * SECOND;
    assert_eq!(action(&seen), Action::Wait(SECOND));
    seen.since = 90 * SECOND;
    assert_eq!(action(&seen), Action::RestartEngine);
    seen.acted = Some(SECOND);
    assert_eq!(action(&seen), Action::Wait(pace::ROUND));
}

/// Raft's log went back, say: the engine ends at each start.
fn fails_to_start(role: Role) -> Observation {
    Observation {
        engine: EngineState::Down,
        role,
        since: 300 * SECOND,
        acted: Some(600 * SECOND),
        ticket: just(Some(ticket())),
        managers: lasting(vec![manager(5, "swarm", Some(digest()))], 120 * SECOND),
        ..worker()
    }
}

#[test]
fn an_engine_that_does_not_start_is_tried_without_its_state_while_others_serve_the_swarm() {
    for role in [Role::Manager, Role::Worker] {
        let seen = fails_to_start(role);
        assert_eq!(action(&seen), Action::ClearSwarm);
        assert_eq!(reason(&seen), Reason::StateUnusable);
        assert!(action(&seen).is_drastic());
        let short = Observation {
            managers: lasting(vec![manager(5, "swarm", Some(digest()))], 119 * SECOND),
            ..seen.clone()
        };
        assert!(matches!(action(&short), Action::Wait(_)));
        let mut slow = seen.clone();
        slow.managers.as_mut().unwrap().age = 50 * SECOND;
        slow.ticket.as_mut().unwrap().age = 50 * SECOND;
        assert_eq!(action(&slow), Action::ClearSwarm, "a look takes its time");
        slow.managers.as_mut().unwrap().age = 90 * SECOND;
        slow.ticket.as_mut().unwrap().age = 90 * SECOND;
        assert_eq!(action(&slow), Action::ReadTicket);
        let resting = Observation {
            acted: Some(599 * SECOND),
            ..seen.clone()
        };
        assert!(matches!(action(&resting), Action::Wait(_)));
        let soon = Observation {
            since: 299 * SECOND,
            ..seen.clone()
        };
        assert_eq!(action(&soon), Action::RestartEngine);
        let unasked = Observation {
            managers: None,
            ..seen
        };
        assert_eq!(action(&unasked).name(), "probe");
    }
}

/// What nobody else serves may be the last copy.
#[test]
fn the_state_of_a_manager_that_nobody_stands_in_for_is_left_alone() {
    let mut seen = fails_to_start(Role::Manager);
    let mut leaderless = manager(5, "swarm", None);
    leaderless.address.set_port(2377);
    for answers in [vec![nobody(4), nobody(5)], vec![leaderless], Vec::new()] {
        seen.managers = lasting(answers, 9_999 * SECOND);
        assert_eq!(action(&seen), Action::RestartEngine);
        assert_eq!(reason(&seen), Reason::OnlyCopy(None));
        let text = reason(&seen).to_string();
        assert!(text.contains("left as it is"), "{text}");
    }
    seen.role = Role::Worker;
    assert_eq!(reason(&seen), Reason::EngineHangs, "a worker has none");
    seen.ticket = just(None);
    assert_eq!(action(&seen), Action::RestartEngine, "nobody is known");
}

/// The engine answers, and says that it cannot use its raft log.
#[test]
fn a_swarm_state_that_cannot_be_used_is_left_only_where_others_serve_the_swarm() {
    let mut seen = Observation {
        engine: failure("irreparable WAL error"),
        ..fails_to_start(Role::Manager)
    };
    assert_eq!(action(&seen), Action::Leave);
    seen.managers = lasting(vec![nobody(4), nobody(5)], 9_999 * SECOND);
    assert!(matches!(action(&seen), Action::Wait(_)));
    let text = reason(&seen).to_string();
    assert!(
        text.contains("irreparable WAL error") && text.contains("left as it is"),
        "{text}"
    );
    seen.role = Role::Worker;
    assert_eq!(
        reason(&seen),
        Reason::EngineError("irreparable WAL error".into())
    );
}

/// It runs tasks, and after a restart it is no older.
#[test]
fn an_engine_that_is_too_new_is_never_restarted() {
    let why = "cannot speak to the Docker Engine";
    for membership in [None, worker().membership] {
        let mut seen = worker();
        seen.membership = membership;
        seen.engine = EngineState::Unspoken(why.into());
        seen.since = 90_000 * SECOND;
        assert_eq!(action(&seen), Action::Wait(pace::ROUND));
        assert_eq!(reason(&seen).to_string(), why);
    }
}
