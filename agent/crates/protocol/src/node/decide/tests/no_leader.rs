//! Managers without a leader, recoveries and what they leave behind, lost swarms.

use super::healing::{action, headless, newer, reason, worker};
use super::*;

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
fn where_managers_lock_no_epoch_is_claimed_for_a_recovery() {
    let mut seen = headless();
    seen.fleet = words(&[("i-4", Life::Terminated), ("i-5", Life::Terminated)]);
    seen.recovery = Recovery::Ask { consent: true };
    let EngineState::Active(member) = &mut seen.engine else {
        panic!("a manager without a leader is active")
    };
    member.identity.locks = true;
    let second = Epoch::FIRST.next();
    assert_eq!(action(&seen), Action::ReadRegisters(second));
    seen.registers = just(Registers {
        epoch: second,
        ..registers(None, false, None)
    });
    let (gone, members) = (2, 3);
    assert_eq!(reason(&seen), Reason::CannotForce { gone, members });
    assert!(!matches!(action(&seen), Action::CreateClaim(_)));
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

/// This node and another live, two are gone; raft may count one of those less.
#[test]
fn half_of_the_managers_are_no_majority_if_all_of_them_are_heard() {
    let named = |n: u8| format!("i-{n}");
    let mut seen = headless();
    seen.peers.retain(|peer| peer.node_id != "five");
    seen.ticket = just(Some(Ticket {
        instances: [4, 6, 7, 9].map(named).into(),
        ..ticket()
    }));
    seen.fleet = words(&[
        ("i-4", Life::Alive),
        ("i-6", Life::Terminated),
        ("i-7", Life::Terminated),
    ]);
    let heard = |leaderless| {
        standing(Verdict::NoLeader, 6, 125 * SECOND).map(|s| Standing { leaderless, ..s })
    };
    seen.standing = heard(0);
    assert_eq!(reason(&seen), Reason::ManagersCutOff(vec!["i-4".into()]));
    seen.standing = heard(1);
    assert_eq!(action(&seen), Action::ReadRegisters(Epoch::FIRST.next()));
    seen.fleet.0.extend(words(&[("i-6", Life::Alive)]).0);
    seen.standing = heard(2);
    assert!(
        matches!(reason(&seen), Reason::ManagersCutOff(_)),
        "three of four may find each other again"
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
    assert_eq!(action(&seen), remembers(second));
    for late in [None, formed("swarm")] {
        seen.registers = just(Registers {
            epoch: second,
            ..self::registers(None, false, late)
        });
        let waits = matches!(action(&seen), Action::Wait(_));
        assert!(waits, "a read that misses the claim");
        seen.registers.as_mut().unwrap().age = 60 * SECOND;
        assert_eq!(action(&seen), Action::ReadRegisters(second));
    }
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
    assert_eq!(action(&seen), remembers(Epoch::FIRST.next()));
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
fn a_manager_without_its_swarm_does_not_wait_for_itself() {
    let second = Epoch::FIRST.next();
    let mut seen = outside(Role::Manager);
    let own = Ticket {
        instances: vec!["i-9".into()],
        ..ticket()
    };
    seen.ticket = just(Some(own));
    let silent = |lasted| lasting(vec![nobody(4), nobody(5)], lasted);
    seen.managers = silent(119 * SECOND);
    assert!(matches!(action(&seen), Action::Wait(_)), "an election");
    seen.managers = silent(pace::NO_LEADER_LIMIT);
    assert_eq!(action(&seen), Action::ReadRegisters(second));
    let with_another = Ticket {
        instances: vec!["i-4".into(), "i-9".into()],
        ..ticket()
    };
    seen.ticket = just(Some(with_another));
    assert_eq!(action(&seen), Action::AskFleet(vec!["i-4".into()]));
    seen.fleet = words(&[("i-4", Life::Alive)]);
    assert_eq!(reason(&seen), Reason::ManagersCutOff(vec!["i-4".into()]));
}

#[test]
fn a_formed_epoch_whose_holder_died_before_publishing_is_passed() {
    let mut seen = outside(Role::Manager);
    seen.ticket = Some(Reading {
        value: Ok(None),
        age: Duration::ZERO,
        looks: 5,
        lasted: 11 * SECOND,
        turn: Turn::default(),
    });
    seen.registers = just(registers(Some("theirs"), false, formed("swarm")));
    assert_eq!(action(&seen), Action::AskFleet(vec!["i-1".into()]));
    seen.fleet = words(&[("i-1", Life::Alive)]);
    assert!(matches!(action(&seen), Action::Wait(_)));
    seen.fleet = words(&[("i-1", Life::Terminated)]);
    assert_eq!(action(&seen), Action::ReadRegisters(Epoch::FIRST.next()));
}

/// The survivor that recovered it may be cut off from this one: two would go on side by side.
#[test]
fn a_swarm_that_was_recovered_elsewhere_is_lost_only_with_its_last_manager() {
    let mut seen = headless();
    let of = |epoch| Ticket {
        epoch,
        instances: vec!["i-6".into(), "i-7".into()],
        ..ticket()
    };
    let gone = ["i-4", "i-5", "i-6"].map(|id| (id, Life::Terminated));
    seen.fleet = words(&[&gone[..], &[("i-7", Life::Alive)]].concat());
    let second = Epoch::FIRST.next();
    seen.ticket = just(Some(of(second)));
    assert_eq!(reason(&seen), Reason::ManagersCutOff(vec!["i-7".into()]));
    seen.fleet = words(&[&gone[..], &[("i-7", Life::Terminated)]].concat());
    assert_eq!(action(&seen), Action::ReadRegisters(second.next()));
}
