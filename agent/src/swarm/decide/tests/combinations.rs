//! All combinations of facts: every one has a step, and no step does harm.

use super::*;

fn engines() -> Vec<EngineState> {
    let ages = [Duration::ZERO, 61 * SECOND];
    let control = [
        Control::Worker,
        Control::NoLeader("no leader".into()),
        Control::Manager {
            leader: false,
            origin: None,
        },
        Control::Manager {
            leader: true,
            origin: None,
        },
        made_under("n"),
        made_under("theirs"),
    ];
    let mut all = vec![
        EngineState::Inactive,
        EngineState::Locked,
        EngineState::Error("e".into()),
    ];
    all.extend(ages.map(|since| EngineState::Down { since }));
    all.extend(ages.map(|since| EngineState::Pending {
        since,
        node_id: None,
    }));
    all.extend(control.map(member));
    all
}

fn tickets() -> Vec<Option<Reading<Option<Ticket>>>> {
    let other = Ticket {
        swarm_id: "other".into(),
        ..ticket()
    };
    vec![
        None,
        just(None),
        aged(None, 60 * SECOND),
        just(Some(ticket())),
        aged(Some(ticket()), 60 * SECOND),
        just(Some(other)),
        failed(Trouble::Denied("d".into())),
        failed(Trouble::Throttled("t".into())),
    ]
}

fn all_registers() -> Vec<Option<Reading<Registers>>> {
    let mut all = vec![None, failed(Trouble::Failed("f".into()))];
    for (claim, mine) in [(None, false), (Some("n"), true), (Some("theirs"), false)] {
        for outcome in [None, formed("swarm"), formed("other"), passed_over()] {
            all.push(just(registers(claim, mine, outcome.clone())));
            all.push(aged(registers(claim, mine, outcome), 60 * SECOND));
        }
    }
    all
}

fn probes() -> Vec<Option<Reading<Vec<Probed>>>> {
    vec![
        None,
        just(vec![]),
        just(vec![nobody(4)]),
        just(vec![manager(4, "swarm", Some(digest()))]),
        aged(vec![manager(4, "swarm", Some(digest()))], 59 * SECOND),
        just(vec![manager(5, "swarm", None)]),
    ]
}

fn each(mut check: impl FnMut(&Observation, &Decision)) -> usize {
    let joins = [
        None,
        Some(JoinFailure {
            age: SECOND,
            attempts: 3,
            cause: "c".into(),
        }),
    ];
    let holders = [
        holder(0, 0, None),
        holder(20, 2, Some(SECOND)),
        holder(301, 0, None),
    ];
    let mut count = 0;
    for role in [Role::Manager, Role::Worker] {
        for engine in engines() {
            for membership in [None, membership()] {
                for ticket in tickets() {
                    for registers in all_registers() {
                        for managers in probes() {
                            for (join, holder) in joins
                                .iter()
                                .flat_map(|j| holders.iter().map(move |h| (j, h)))
                            {
                                let seen = Observation {
                                    role,
                                    engine: engine.clone(),
                                    membership: membership.clone(),
                                    ticket: ticket.clone(),
                                    registers: registers.clone(),
                                    managers: managers.clone(),
                                    join: join.clone(),
                                    left: None,
                                    holder: holder.clone(),
                                };
                                check(&seen, &decide(&seen));
                                count += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    count
}

#[test]
fn every_combination_has_a_harmless_step() {
    let count = each(|seen, decision| {
        let text = decision.reason.to_string();
        assert!(!text.is_empty() && !text.contains("SWMTKN"), "{text}");
        match &decision.action {
            Action::Wait(time) | Action::Serve(time) => {
                assert!(
                    !time.is_zero() && *time <= 300 * SECOND,
                    "busy or endless: {seen:?}"
                );
            }
            Action::CreateClaim(_) | Action::InitSwarm(_) | Action::PassOver(_) => {
                assert_eq!(seen.role, Role::Manager, "a worker never forms a swarm");
                assert_eq!(seen.engine, EngineState::Inactive, "{seen:?}");
            }
            Action::Join(_) => assert_eq!(seen.engine, EngineState::Inactive, "{seen:?}"),
            Action::Leave => may_leave(seen),
            _ => {}
        }
        if seen.membership.is_some() && matches!(seen.engine, EngineState::Active(_)) {
            let local = matches!(decision.action, Action::Wait(_) | Action::Serve(_));
            assert!(
                local,
                "a member's round touches only its engine: {decision:?}"
            );
        }
    });
    println!("{count} combinations");
}

/// Leaving is only for a node that is in no swarm it could lose: a join that failed, or an
/// unpublished swarm of its own whose epoch went another way.
fn may_leave(seen: &Observation) {
    assert!(seen.membership.is_none(), "a member never leaves: {seen:?}");
    match &seen.engine {
        EngineState::Pending { since, .. } => assert!(*since >= pace::PENDING_LIMIT),
        EngineState::Error(_) => {}
        EngineState::Active(member) => {
            let registers = seen.registers.as_ref().and_then(|r| r.value.as_ref().ok());
            let registers = registers.expect("leaves on proof only");
            assert!(registers.claim_is_mine && registers.outcome.is_some());
            assert_eq!(member.control, made_under("n"));
        }
        other => panic!("nothing to leave: {other:?}"),
    }
}
