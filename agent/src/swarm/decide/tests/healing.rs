//! Members that have lost something: their managers, their place, their leader, their swarm.

use super::*;

fn worker() -> Observation {
    Observation {
        engine: member(Control::Worker),
        membership: membership(),
        standing: standing(Verdict::Member, 1, Duration::ZERO),
        ..outside(Role::Worker)
    }
}

fn headless() -> Observation {
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

fn newer() -> Ticket {
    Ticket {
        epoch: Epoch::FIRST.next(),
        swarm_id: "newer".into(),
        ..ticket()
    }
}

fn action(seen: &Observation) -> Action {
    decide(seen).action
}

fn reason(seen: &Observation) -> Reason {
    decide(seen).reason
}

#[test]
fn a_worker_asks_one_manager_a_round_and_nobody_else() {
    let mut seen = worker();
    assert_eq!(action(&seen), Action::Serve(pace::ROUND));
    seen.standing.as_mut().unwrap().age = pace::ROUND;
    assert_eq!(action(&seen), Action::AskStanding);
    seen.standing = None;
    assert_eq!(action(&seen), Action::AskStanding);
    seen.standing = standing(Verdict::Unclear, 9, 900 * SECOND);
    assert_eq!(
        action(&seen),
        Action::Serve(pace::ROUND),
        "unclear is never removed"
    );
}

#[test]
fn a_manager_that_is_still_a_worker_says_so() {
    let seen = Observation {
        role: Role::Manager,
        ..worker()
    };
    assert!(reason(&seen).to_string().contains("waiting to be promoted"));
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
        assert_eq!(action(&seen), Action::AskStanding);
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
    assert_eq!(action(&seen), Action::Probe);
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
        seen.standing = standing(Verdict::Member, 9, 300 * SECOND);
        assert_ne!(action(&seen), Action::Leave);
    }
}

#[test]
fn an_expired_certificate_waits_for_a_manager_that_can_take_the_node() {
    let mut seen = worker();
    seen.engine = EngineState::Error("certificate has expired".into());
    assert_eq!(action(&seen), Action::ReadTicket);
    seen.ticket = just(Some(ticket()));
    assert_eq!(action(&seen), Action::Probe);
    seen.managers = just(vec![nobody(4)]);
    assert!(matches!(action(&seen), Action::Wait(_)));
    seen.managers = just(vec![manager(4, "swarm", Some(digest()))]);
    assert_eq!(action(&seen), Action::Leave);
}

#[test]
fn an_election_is_waited_out() {
    let mut seen = headless();
    seen.since = 100 * SECOND;
    assert_eq!(action(&seen), Action::Wait(pace::NO_LEADER_GAP));
    let mut seen = headless();
    seen.standing = standing(Verdict::NoLeader, 4, 125 * SECOND);
    assert_eq!(action(&seen), Action::Wait(pace::NO_LEADER_GAP));
    seen.standing = standing(Verdict::Member, 99, 999 * SECOND);
    assert_eq!(reason(&seen), Reason::NoLeader);
    assert_eq!(action(&seen), Action::Wait(pace::NO_LEADER_GAP));
}

#[test]
fn a_lost_majority_is_recovered_on_ec2s_word_under_the_next_claim() {
    let second = Epoch::FIRST.next();
    let mut seen = headless();
    assert_eq!(
        action(&seen),
        Action::AskFleet(vec!["i-4".into(), "i-5".into()])
    );
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Terminated)]);
    assert_eq!(action(&seen), Action::ReadRegisters(second));
    let registers = |claim, mine| {
        just(Registers {
            epoch: second,
            ..registers(claim, mine, None)
        })
    };
    seen.registers = registers(None, false);
    assert_eq!(action(&seen), Action::CreateClaim(second));
    seen.registers = registers(Some("theirs"), false);
    assert!(matches!(reason(&seen), Reason::ClaimedBy(..)));
    seen.registers = registers(Some("n"), true);
    assert_eq!(action(&seen), Action::Recover(second));
    seen.acted = Some(SECOND);
    assert!(matches!(action(&seen), Action::Wait(_)));
}

#[test]
fn nothing_but_terminated_instances_makes_a_majority_lost() {
    for (four, five) in [
        (Life::Alive, Life::Alive),
        (Life::Alive, Life::Terminated),
        (Life::Stopped, Life::Terminated),
        (Life::Absent, Life::Terminated),
        (Life::Stopped, Life::Stopped),
    ] {
        let mut seen = headless();
        seen.fleet = words(&[("i-4", four), ("i-5", five)]);
        assert!(
            matches!(action(&seen), Action::Wait(_)),
            "{four:?} {five:?}"
        );
    }
    let mut seen = headless();
    seen.fleet = words(&[("i-4", Life::Stopped), ("i-5", Life::Terminated)]);
    assert_eq!(
        reason(&seen).to_string(),
        "waiting for stopped managers: start i-4"
    );
}

#[test]
fn managers_that_only_the_ticket_knows_count_too() {
    let mut seen = headless();
    seen.ticket = just(Some(Ticket {
        instances: vec!["i-6".into(), "i-7".into()],
        ..ticket()
    }));
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Terminated)]);
    assert_eq!(
        action(&seen),
        Action::AskFleet(vec!["i-6".into(), "i-7".into()])
    );
    seen.fleet
        .0
        .extend(words(&[("i-6", Life::Alive), ("i-7", Life::Alive)]).0);
    assert_eq!(
        reason(&seen),
        Reason::ManagersCutOff(vec!["i-6".into(), "i-7".into()])
    );
    seen.ticket = just(None);
    assert_eq!(
        reason(&seen),
        Reason::NoTicket,
        "nothing without the ticket"
    );
    seen.ticket = just(Some(ticket()));
    seen.peers.clear();
    assert_eq!(reason(&seen), Reason::PeersUnknown);
}

#[test]
fn a_person_may_be_asked_first() {
    let mut seen = headless();
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Terminated)]);
    seen.registers = just(Registers {
        epoch: Epoch::FIRST.next(),
        ..registers(None, false, None)
    });
    seen.recovery = Recovery::Ask { consent: false };
    assert!(
        reason(&seen).to_string().contains("swarmlet recover"),
        "{}",
        reason(&seen)
    );
    assert!(matches!(action(&seen), Action::Wait(_)));
    seen.recovery = Recovery::Ask { consent: true };
    assert_eq!(action(&seen), Action::CreateClaim(Epoch::FIRST.next()));
}

#[test]
fn a_forced_cluster_is_marked_declared_and_remembered() {
    let second = Epoch::FIRST.next();
    let mut seen = headless();
    seen.engine = member(made_under("old"));
    seen.forced = Some(second);
    assert_eq!(action(&seen), Action::ReadRegisters(second));
    let registers = |outcome| {
        just(Registers {
            epoch: second,
            ..registers(Some("n"), true, outcome)
        })
    };
    seen.registers = registers(None);
    assert_eq!(action(&seen), Action::MarkEpoch(second));
    seen.engine = member(Control::Manager {
        leader: true,
        origin: Some(Origin {
            epoch: second,
            nonce: "n".into(),
        }),
    });
    assert_eq!(action(&seen), Action::DeclareFormed(second));
    seen.registers = registers(formed("swarm"));
    assert_eq!(action(&seen), Action::Remember(second));
    for lost in [passed_over(), formed("other")] {
        seen.registers = registers(lost);
        assert_eq!(
            action(&seen),
            Action::Leave,
            "an epoch that went another way"
        );
    }
}

#[test]
fn a_manager_follows_its_swarms_label() {
    let mut seen = worker();
    seen.engine = member(Control::Manager {
        leader: false,
        origin: Some(Origin {
            epoch: Epoch::FIRST.next(),
            nonce: "theirs".into(),
        }),
    });
    assert_eq!(action(&seen), Action::Remember(Epoch::FIRST.next()));
}

#[test]
fn a_zombie_leaves_and_two_live_swarms_are_left_alone() {
    let mut seen = worker();
    seen.engine = member(made_under("n"));
    assert!(reason(&seen).leads());
    seen.ticket = just(Some(Ticket {
        swarm_id: "swarm".into(),
        ..newer()
    }));
    assert_eq!(action(&seen), Action::Leave);
    seen.ticket = just(Some(newer()));
    assert!(reason(&seen).to_string().contains("TWO SWARMS"));
    assert!(matches!(action(&seen), Action::Wait(_)), "and no chores");
}

#[test]
fn a_lost_swarm_opens_the_next_epoch_only_when_all_its_managers_are_gone() {
    let second = Epoch::FIRST.next();
    let mut seen = outside(Role::Manager);
    seen.ticket = just(Some(ticket()));
    seen.managers = lasting(vec![nobody(4), nobody(5)], pace::SILENCE);
    assert_eq!(
        action(&seen),
        Action::AskFleet(vec!["i-4".into(), "i-5".into()])
    );
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Stopped)]);
    assert_eq!(
        reason(&seen).to_string(),
        "waiting for stopped managers: start i-5"
    );
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Alive)]);
    assert_eq!(reason(&seen), Reason::ManagersCutOff(vec!["i-5".into()]));
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Terminated)]);
    assert_eq!(action(&seen), Action::ReadRegisters(second));
    seen.registers = just(registers(Some("n"), false, formed("swarm")));
    assert_eq!(
        action(&seen),
        Action::ReadRegisters(second),
        "not the old epoch"
    );
    seen.registers = just(Registers {
        epoch: second,
        ..registers(None, false, None)
    });
    assert_eq!(action(&seen), Action::CreateClaim(second));
    let worker = Observation {
        role: Role::Worker,
        ..seen
    };
    assert!(!matches!(
        action(&worker),
        Action::CreateClaim(_) | Action::AskFleet(_)
    ));
}

#[test]
fn a_formed_epoch_whose_holder_died_before_publishing_is_passed() {
    let mut seen = outside(Role::Manager);
    seen.ticket = Some(Reading {
        value: Ok(None),
        age: Duration::ZERO,
        looks: 5,
        lasted: 11 * SECOND,
    });
    seen.registers = just(registers(Some("theirs"), false, formed("swarm")));
    assert_eq!(action(&seen), Action::AskFleet(vec!["i-1".into()]));
    seen.fleet = words(&[("i-1", Life::Alive)]);
    assert!(matches!(action(&seen), Action::Wait(_)));
    seen.fleet = words(&[("i-1", Life::Terminated)]);
    assert_eq!(action(&seen), Action::ReadRegisters(Epoch::FIRST.next()));
}

/// The true majority may be this node and the one that has replaced the first of the dead.
#[test]
fn a_dead_manager_and_the_dead_one_that_replaced_it_count_once() {
    let gone = |ids: &[&str]| {
        words(
            &ids.iter()
                .map(|id| (*id, Life::Terminated))
                .collect::<Vec<_>>(),
        )
    };
    let with = |named: &[&str], dead: &[&str], alive: &[&str]| {
        let mut seen = headless();
        let instances = named.iter().map(|id| (*id).to_owned()).collect();
        seen.ticket = just(Some(Ticket {
            instances,
            ..ticket()
        }));
        seen.fleet = gone(dead);
        let alive: Vec<_> = alive.iter().map(|id| (*id, Life::Alive)).collect();
        seen.fleet.0.extend(words(&alive).0);
        seen
    };
    // It remembers 4, 5 and itself; 5 was replaced by 6, and then 4 ended.
    let replaced = with(&["i-4", "i-6", "i-9"], &["i-4", "i-5"], &["i-6"]);
    assert_eq!(
        reason(&replaced),
        Reason::ManagersCutOff(vec!["i-6".into()])
    );
    // The demotion of the second of them may not have been published.
    let demoted = with(&["i-4", "i-5", "i-6", "i-9"], &["i-4", "i-5"], &["i-6"]);
    assert_eq!(reason(&demoted), Reason::ManagersCutOff(vec!["i-6".into()]));
    let recover = Action::ReadRegisters(Epoch::FIRST.next());
    let last = with(&["i-4", "i-6", "i-9"], &["i-4", "i-5", "i-6"], &[]);
    assert_eq!(action(&last), recover);
    let mut pair = with(&["i-4", "i-9"], &["i-4"], &[]);
    pair.peers.retain(|peer| peer.node_id != "five");
    assert_eq!(action(&pair), recover);
    // Just promoted, it has not seen the others yet.
    pair.peers.clear();
    assert_eq!(action(&pair), recover);
}

#[test]
fn a_node_does_not_wait_for_what_it_has_lost_itself() {
    let mut seen = outside(Role::Manager);
    let instances = vec!["i-9".into()];
    seen.ticket = just(Some(Ticket {
        instances,
        ..ticket()
    }));
    seen.managers = lasting(vec![nobody(4), nobody(5)], pace::SILENCE);
    assert_eq!(action(&seen), Action::ReadRegisters(Epoch::FIRST.next()));
}

/// A node that was cut off from everything hears the ticket's managers and its own again at once.
#[test]
fn the_own_managers_are_asked_once_more_before_a_node_moves() {
    for mut seen in [worker(), headless()] {
        seen.ticket = just(Some(ticket()));
        seen.standing = standing(Verdict::Silent, 9, 300 * SECOND);
        seen.managers = lasting(vec![manager(5, "swarm", Some(digest()))], 300 * SECOND);
        assert_eq!(action(&seen), Action::Leave);
        seen.standing.as_mut().unwrap().age = SECOND;
        assert_eq!(action(&seen), Action::AskStanding);
    }
}

/// A manager that is gone may have promoted others and published them after the ticket was read.
#[test]
fn a_ticket_counts_for_an_end_only_if_it_was_read_after_ec2s_word() {
    let gone = words(&[
        ("i-1", Life::Terminated),
        ("i-4", Life::Terminated),
        ("i-5", Life::Terminated),
    ]);
    let mut lost = outside(Role::Manager);
    lost.ticket = just(Some(ticket()));
    lost.managers = lasting(vec![nobody(4), nobody(5)], pace::SILENCE);
    let mut unpublished = outside(Role::Manager);
    unpublished.ticket = just(None);
    unpublished.registers = just(registers(Some("theirs"), false, formed("swarm")));
    for mut seen in [headless(), lost, unpublished] {
        seen.fleet = gone.clone();
        let second = Action::ReadRegisters(Epoch::FIRST.next());
        assert_eq!(action(&seen), second);
        seen.ticket.as_mut().unwrap().age = SECOND;
        assert_eq!(reason(&seen), Reason::TicketMayPredate);
        assert_eq!(action(&seen), Action::ReadTicket);
        for word in seen.fleet.0.values_mut() {
            word.age = SECOND;
        }
        assert_eq!(action(&seen), second);
    }
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
