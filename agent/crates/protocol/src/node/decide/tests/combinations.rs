//! Every combination of facts has a step, and no step does harm.

use std::collections::{BTreeMap, BTreeSet};

use super::values::each;
use super::*;
use crate::Kind;

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
            Action::RestartEngine => may_restart(seen),
            Action::ClearSwarm => {
                assert!(rested(seen) && seen.engine == EngineState::Down);
                assert!(seen.since >= pace::ENGINE_LIMIT && seen.membership.is_some());
                let answers = seen.managers.as_ref().and_then(Reading::value).unwrap();
                assert_ne!(leaders(answers), 0, "{seen:?}");
            }
            Action::Depart => leaving::may_depart(seen),
            Action::CompleteLifecycle(_) => leaving::may_complete(seen),
            Action::Announce(_)
            | Action::Mark(_)
            | Action::Retract(_)
            | Action::CountTasks
            | Action::ListHooks(_)
            | Action::Heartbeat(_) => assert!(seen.departure.is_some()),
            _ => {}
        }
        a_healthy_member_asks_aws_nothing(seen, decision);
    });
}

/// What the engine can be, and what an agent may do then: the diagram in the documentation.
#[test]
fn the_documented_steps_are_those_of_the_code() {
    let mut steps = BTreeMap::<Kind, BTreeSet<&str>>::new();
    each(|seen, decision| {
        let found = steps.entry(seen.engine.kind()).or_default();
        found.insert(decision.action.name());
    });
    let line = |(kind, steps): (&Kind, &BTreeSet<&str>)| {
        let steps: Vec<_> = steps.iter().copied().collect();
        format!("{:<9} {}", kind.name(), steps.join(" "))
    };
    let lines: Vec<String> = steps.iter().map(line).collect();
    let documentation = include_str!("../../../../../../../docs/protocol.md");
    let block = format!("```text\n{}\n```", lines.join("\n"));
    assert!(
        documentation.contains(&block),
        "docs/protocol.md lacks\n{block}"
    );
}

/// Managers that have shown a certificate of their own, which one without a leader cannot.
fn leaders(answers: &[Probed]) -> usize {
    let leads = |probed: &&Probed| matches!(&probed.answer, ProbeAnswer::Manager { ca_digest, .. } if ca_digest.is_some());
    answers.iter().filter(leads).count()
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
    let ticket = ticket_of(seen).unwrap();
    assert!(!seen.peers.is_empty() || ticket.instances.contains(&seen.instance_id));
}

fn may_recover(seen: &Observation) {
    majority_is_gone(seen);
    assert!(rested(seen), "{seen:?}");
    let registers = seen.registers.as_ref().and_then(Reading::value).unwrap();
    assert!(registers.claim_is_mine && registers.outcome.is_none());
    assert!(registers.epoch > seen.membership.as_ref().unwrap().epoch);
}

/// An engine that is silent, or has failed by a clock that is right now.
fn may_restart(seen: &Observation) {
    assert!(rested(seen), "{seen:?}");
    match &seen.engine {
        EngineState::Down => {}
        EngineState::Error(_) => {
            assert_eq!(seen.validity, Some(Validity::Now));
            assert!(seen.membership.is_some() && seen.since >= pace::ERROR_LIMIT);
        }
        other => panic!("it works: {other:?}"),
    }
}

fn may_leave(seen: &Observation, decision: &Decision) {
    let Some(membership) = &seen.membership else {
        return may_leave_unremembered(seen);
    };
    if matches!(decision.reason, Reason::SwarmPassedOver(_)) {
        assert!(seen.forced.is_some(), "{seen:?}");
        return;
    }
    let is_dead = matches!(decision.reason, Reason::SwarmLost | Reason::NewerSwarm(_));
    assert!(rested(seen) || is_dead, "{seen:?}");
    let verdict = seen.standing.as_ref().map(|s| s.verdict);
    let ticket = ticket_of(seen);
    match &seen.engine {
        EngineState::Error(_) => {
            let clock = [Some(Validity::NotYet), Some(Validity::Now)];
            assert!(ticket.is_some() && !clock.contains(&seen.validity));
        }
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
    if healthy && seen.membership.is_some() && seen.departure.is_none() {
        let local = matches!(decision.action, Action::Serve(_) | Action::AskStanding(_));
        // One that is to be promoted writes once which node it is.
        let writes = decision.action == Action::RecordNode("node".to_owned());
        let may_write = seen.role == Role::Manager && seen.recorded.is_none();
        assert!(local || writes && may_write, "{decision:?}");
    }
}
