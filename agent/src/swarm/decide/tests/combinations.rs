//! Combinations of facts, a million of them spread evenly over all there are: every one has a
//! step, and no step does harm.

use super::*;

/// How many combinations are looked at. Coprime to the number of all, so that the stride meets
/// every value of every fact.
const LOOKS: u64 = 1_000_003;

fn engines() -> Vec<EngineState> {
    let control = [
        Control::Worker,
        Control::NoLeader("no leader".into()),
        Control::Manager {
            leader: false,
            origin: None,
        },
        made_under("n"),
        made_under("theirs"),
    ];
    let mut all = vec![
        EngineState::Inactive,
        EngineState::Locked,
        EngineState::Down,
        EngineState::Error("e".into()),
        EngineState::Pending(Identity::default()),
        EngineState::Pending(identity()),
    ];
    all.extend(control.map(member));
    all
}

fn tickets() -> Vec<Option<Reading<Option<Ticket>>>> {
    let other = Ticket {
        swarm_id: "other".into(),
        ..ticket()
    };
    let newer = Ticket {
        epoch: Epoch::FIRST.next(),
        ..other.clone()
    };
    let recovered = Ticket {
        epoch: Epoch::FIRST.next(),
        ..ticket()
    };
    vec![
        None,
        just(None),
        just(Some(ticket())),
        aged(Some(ticket()), 60 * SECOND),
        just(Some(other)),
        just(Some(newer)),
        just(Some(recovered)),
        failed(Trouble::Denied("d".into())),
    ]
}

fn all_registers() -> Vec<Option<Reading<Registers>>> {
    let mut all = vec![None, failed(Trouble::Failed("f".into()))];
    for (claim, mine) in [(None, false), (Some("n"), true), (Some("theirs"), false)] {
        for outcome in [None, formed("swarm"), formed("other"), passed_over()] {
            for epoch in [Epoch::FIRST, Epoch::FIRST.next()] {
                let registers = registers(claim, mine, outcome.clone());
                all.push(just(Registers { epoch, ..registers }));
            }
        }
    }
    all
}

fn probes() -> Vec<Option<Reading<Vec<Probed>>>> {
    vec![
        None,
        lasting(vec![nobody(4)], 200 * SECOND),
        just(vec![manager(4, "swarm", Some(digest()))]),
        lasting(vec![manager(4, "swarm", Some(digest()))], 200 * SECOND),
        lasting(vec![manager(4, "other", Some(digest()))], 200 * SECOND),
    ]
}

fn standings() -> Vec<Option<Standing>> {
    let long = |verdict| standing(verdict, 9, 200 * SECOND);
    vec![
        None,
        standing(Verdict::Removed, 1, Duration::ZERO),
        long(Verdict::Member),
        long(Verdict::Removed),
        long(Verdict::Unclear),
        long(Verdict::NoLeader),
        long(Verdict::Silent),
    ]
}

fn fleets() -> Vec<Fleet> {
    let of = |four, five| words(&[("i-1", five), ("i-4", four), ("i-5", five)]);
    vec![
        Fleet::default(),
        of(Life::Alive, Life::Alive),
        of(Life::Alive, Life::Terminated),
        of(Life::Terminated, Life::Terminated),
    ]
}

/// Takes one value of a list by a digit of the number.
fn pick<'a, T>(number: &mut u64, values: &'a [T]) -> &'a T {
    let count = values.len() as u64;
    let index = usize::try_from(*number % count).unwrap();
    *number /= count;
    &values[index]
}

fn each(mut check: impl FnMut(&Observation, &Decision)) {
    let (engines, tickets, registers) = (engines(), tickets(), all_registers());
    let (probes, standings, fleets) = (probes(), standings(), fleets());
    let join = Some(JoinFailure {
        age: SECOND,
        attempts: 3,
        cause: "c".into(),
    });
    let joins = [None, join];
    let memberships = [None, membership()];
    let sizes = [
        2,
        engines.len(),
        2,
        2,
        2,
        2,
        tickets.len(),
        registers.len(),
        probes.len(),
        standings.len(),
        joins.len(),
        3,
        2,
        fleets.len(),
        3,
    ];
    let all: u64 = sizes.iter().map(|&size| size as u64).product();
    let stride = all / LOOKS + 1;
    let mut number = 0;
    while number < all {
        let digits = &mut number.clone();
        let seen = Observation {
            role: *pick(digits, &[Role::Manager, Role::Worker]),
            engine: pick(digits, &engines).clone(),
            since: *pick(digits, &[Duration::ZERO, 200 * SECOND]),
            membership: pick(digits, &memberships).clone(),
            peers: pick(digits, &[Vec::new(), peers()]).clone(),
            forced: *pick(digits, &[None, Some(Epoch::FIRST.next())]),
            ticket: pick(digits, &tickets).clone(),
            registers: pick(digits, &registers).clone(),
            managers: pick(digits, &probes).clone(),
            standing: pick(digits, &standings).clone(),
            join: pick(digits, &joins).clone(),
            acted: *pick(digits, &[None, Some(SECOND), Some(900 * SECOND)]),
            holder: pick(digits, &[holder(0), holder(301)]).clone(),
            fleet: pick(digits, &fleets).clone(),
            recovery: *pick(
                digits,
                &[
                    Recovery::Auto,
                    Recovery::Ask { consent: false },
                    Recovery::Ask { consent: true },
                ],
            ),
            ..outside(Role::Worker)
        };
        check(&seen, &decide(&seen));
        number += stride;
    }
    println!("{} of {all} combinations", all / stride);
}

#[test]
fn every_combination_has_a_harmless_step() {
    each(|seen, decision| {
        let text = decision.reason.to_string();
        assert!(!text.is_empty() && !text.contains("SWMTKN"), "{text}");
        match &decision.action {
            Action::Wait(time) | Action::Serve(time) => {
                let short = !time.is_zero() && *time <= pace::PENDING_LIMIT;
                assert!(short, "busy or endless: {decision:?} {seen:?}");
            }
            Action::CreateClaim(_) | Action::PassOver(_) => may_bid(seen),
            Action::InitSwarm(_) => {
                may_bid(seen);
                assert_eq!(seen.engine, EngineState::Inactive);
            }
            Action::Recover(_) => may_recover(seen),
            Action::Join(_) => assert_eq!(seen.engine, EngineState::Inactive, "{seen:?}"),
            Action::Leave => may_leave(seen, decision),
            Action::RestartEngine => assert!(rested(seen) && seen.engine == EngineState::Down),
            _ => {}
        }
        a_healthy_member_asks_aws_nothing(seen, decision);
    });
}

fn rested(seen: &Observation) -> bool {
    seen.acted.is_none_or(|age| age >= pace::ACT_GAP)
}

fn ticket_of(seen: &Observation) -> Option<&Ticket> {
    seen.ticket.as_ref()?.value()?.as_ref()
}

/// An epoch is bid for by a manager outside, without a ticket or with one whose managers are all
/// gone; or by a survivor whose majority is.
fn may_bid(seen: &Observation) {
    match &seen.engine {
        EngineState::Inactive => {
            assert_eq!(seen.role, Role::Manager, "a worker never forms a swarm");
            let gone = |t: &Ticket| t.instances.iter().all(|id| is_gone(seen, id));
            assert!(ticket_of(seen).is_none_or(gone), "{seen:?}");
            assert!(seen.ticket.as_ref().is_some_and(|t| t.value.is_ok()));
        }
        _ => majority_is_gone(seen),
    }
}

fn is_gone(seen: &Observation, id: &str) -> bool {
    id == seen.instance_id || seen.fleet.is_gone(id)
}

fn majority_is_gone(seen: &Observation) {
    let EngineState::Active(member) = &seen.engine else {
        panic!("{seen:?}")
    };
    assert!(matches!(member.control, Control::NoLeader(_)), "{seen:?}");
    assert!(seen.since >= pace::NO_LEADER_LIMIT);
    let standing = seen.standing.as_ref().unwrap();
    assert!(matches!(
        standing.verdict,
        Verdict::NoLeader | Verdict::Silent
    ));
    assert!(
        seen.fleet.is_gone("i-4") && seen.fleet.is_gone("i-5"),
        "{seen:?}"
    );
    assert!(!seen.peers.is_empty() && ticket_of(seen).is_some());
}

fn may_recover(seen: &Observation) {
    majority_is_gone(seen);
    assert!(rested(seen), "{seen:?}");
    let registers = seen.registers.as_ref().and_then(Reading::value).unwrap();
    assert!(registers.claim_is_mine && registers.outcome.is_none());
    assert!(registers.epoch > seen.membership.as_ref().unwrap().epoch);
}

fn may_leave(seen: &Observation, decision: &Decision) {
    let Some(membership) = &seen.membership else {
        return may_leave_unremembered(seen);
    };
    if matches!(decision.reason, Reason::SwarmPassedOver(_)) {
        assert!(seen.forced.is_some(), "{seen:?}");
        return;
    }
    assert!(rested(seen), "{seen:?}");
    let verdict = seen.standing.as_ref().map(|s| s.verdict);
    let ticket = ticket_of(seen);
    match &seen.engine {
        EngineState::Error(_) => assert!(ticket.is_some()),
        EngineState::Active(Member {
            control: Control::Manager { .. },
            ..
        }) => assert!(ticket.is_some_and(|t| t.epoch > membership.epoch)),
        _ if verdict == Some(Verdict::Removed) => {}
        _ => {
            let silent = [Some(Verdict::NoLeader), Some(Verdict::Silent)];
            assert!(
                silent.contains(&verdict),
                "a member with managers: {seen:?}"
            );
            if decision.reason == Reason::SwarmLost {
                assert_eq!(seen.role, Role::Manager, "{seen:?}");
                assert!(ticket.is_some_and(|t| t.instances.iter().all(|id| is_gone(seen, id))));
            } else {
                assert!(seen.managers.as_ref().unwrap().lasted >= pace::MOVE_LIMIT);
            }
        }
    }
}

/// A join that failed, or an unpublished swarm of its own whose epoch went another way.
fn may_leave_unremembered(seen: &Observation) {
    match &seen.engine {
        EngineState::Pending(_) => assert!(seen.since >= pace::PENDING_LIMIT),
        EngineState::Error(_) => {}
        EngineState::Active(member) => {
            let registers = seen.registers.as_ref().and_then(Reading::value);
            let registers = registers.expect("leaves on proof only");
            assert!(registers.claim_is_mine && registers.outcome.is_some());
            assert_eq!(member.control, made_under("n"));
        }
        other => panic!("nothing to leave: {other:?}"),
    }
}

fn a_healthy_member_asks_aws_nothing(seen: &Observation, decision: &Decision) {
    let EngineState::Active(member) = &seen.engine else {
        return;
    };
    let healthy = match member.control {
        Control::Worker => seen
            .standing
            .as_ref()
            .is_some_and(|s| s.verdict == Verdict::Member),
        Control::Manager { .. } => seen.forced.is_none() && ticket_of(seen).is_none(),
        Control::NoLeader(_) => false,
    };
    if healthy && seen.membership.is_some() {
        let local = matches!(decision.action, Action::Serve(_) | Action::AskStanding);
        assert!(local, "{decision:?}");
    }
}
