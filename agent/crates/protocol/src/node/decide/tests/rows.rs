//! One test a row: the facts, the step.

use super::*;

fn action(seen: &Observation) -> Action {
    decide(seen).action
}

fn wait(ms: u64) -> Action {
    Action::Wait(Duration::from_millis(ms))
}

#[test]
fn the_ticket_is_fetched_while_the_engine_starts() {
    let seen = Observation {
        engine: EngineState::Down,
        ..outside(Role::Worker)
    };
    assert_eq!(action(&seen), Action::ReadTicket);
    let seen = Observation {
        ticket: just(Some(ticket())),
        ..seen
    };
    assert_eq!(action(&seen), Action::Wait(pace::ROUND));
    let returning = Observation {
        engine: EngineState::Down,
        membership: membership(),
        ..outside(Role::Worker)
    };
    assert_eq!(
        action(&returning),
        Action::Wait(pace::ROUND),
        "a member asks AWS nothing"
    );
}

#[test]
fn a_joiner_reads_once_probes_once_and_joins() {
    for role in [Role::Worker, Role::Manager] {
        let mut seen = outside(role);
        assert_eq!(action(&seen), Action::ReadTicket);
        seen.ticket = just(Some(ticket()));
        assert_eq!(action(&seen), Action::Probe(ticket().managers));
        seen.managers = just(vec![nobody(4), manager(5, "swarm", Some(digest()))]);
        assert_eq!(action(&seen), joins(5));
    }
}

#[test]
fn only_a_manager_that_can_take_the_node_is_joined() {
    let other = Some("2".repeat(50));
    for (answer, why) in [
        (nobody(4), "refuses the connection"),
        (
            manager(4, "other", Some(digest())),
            "serves another swarm (other)",
        ),
        (manager(4, "swarm", None), "has no leader"),
        (manager(4, "swarm", other), "another root certificate"),
    ] {
        let mut seen = outside(Role::Worker);
        seen.ticket = just(Some(ticket()));
        seen.managers = just(vec![answer]);
        let Decision { action, reason } = decide(&seen);
        assert_eq!(action, wait(250));
        assert!(reason.to_string().contains(why), "{reason}");
    }
}

#[test]
fn a_worker_without_ticket_waits_and_looks_again() {
    let mut seen = outside(Role::Worker);
    seen.ticket = aged(None, Duration::from_millis(100));
    assert_eq!(action(&seen), wait(400));
    seen.ticket = aged(None, SECOND);
    assert_eq!(action(&seen), Action::ReadTicket);
}

#[test]
fn a_refused_token_is_read_again_before_the_next_try() {
    let mut seen = outside(Role::Worker);
    seen.ticket = aged(Some(ticket()), 12 * SECOND);
    seen.managers = just(vec![manager(4, "swarm", Some(digest()))]);
    seen.join = Some(JoinFailure {
        age: Duration::ZERO,
        attempts: 1,
        cause: "token".into(),
    });
    assert_eq!(action(&seen), wait(1000));
    seen.join = Some(JoinFailure {
        age: 2 * SECOND,
        attempts: 1,
        cause: "token".into(),
    });
    assert_eq!(action(&seen), Action::ReadTicket);
    seen.ticket = just(Some(ticket()));
    seen.managers = just(vec![manager(4, "swarm", Some(digest()))]);
    assert_eq!(action(&seen), joins(4));
}

/// A manager that answers is not one that this engine can join.
#[test]
fn a_manager_that_could_not_be_joined_is_followed_by_the_next() {
    let mut seen = outside(Role::Worker);
    seen.ticket = just(Some(ticket()));
    let both = [4, 5].map(|last| manager(last, "swarm", Some(digest())));
    seen.managers = just(both.to_vec());
    for (attempts, last) in [(1, 5), (2, 4), (3, 5), (u32::MAX, 5)] {
        seen.join = Some(JoinFailure {
            age: 600 * SECOND,
            attempts,
            cause: "missing selected ALPN property".into(),
        });
        let next = joins(last);
        assert_eq!(action(&seen), next, "{attempts}");
    }
}

#[test]
fn trouble_with_the_ticket_is_named_and_waited_out() {
    for role in [Role::Worker, Role::Manager] {
        let mut seen = outside(role);
        seen.ticket = failed(Trouble::Denied("ssm:GetParameter is denied".into()));
        let Decision { action, reason } = decide(&seen);
        assert_eq!(action, wait(2000));
        assert!(reason.to_string().contains("ssm:GetParameter"), "{reason}");
    }
}

#[test]
fn a_manager_claims_inits_declares_and_remembers() {
    let mut seen = outside(Role::Manager);
    seen.ticket = just(None);
    assert_eq!(action(&seen), Action::ReadRegisters(Epoch::FIRST));
    seen.registers = just(registers(None, false, None));
    assert_eq!(action(&seen), Action::CreateClaim(Epoch::FIRST));
    seen.registers = just(registers(Some("n"), true, None));
    assert_eq!(action(&seen), Action::InitSwarm(Epoch::FIRST));
    seen.engine = member(made_under("n"));
    assert_eq!(action(&seen), Action::DeclareFormed(Epoch::FIRST));
    seen.registers = just(registers(Some("n"), true, formed("swarm")));
    assert_eq!(action(&seen), remembers(Epoch::FIRST));
    seen.membership = membership();
    let Decision { action, reason } = decide(&seen);
    assert_eq!(
        (action, reason),
        (
            Action::Serve(pace::ROUND),
            Reason::Member {
                leader: true,
                awaits_promotion: false
            }
        )
    );
}

#[test]
fn a_holder_that_was_passed_over_leaves_its_swarm() {
    let mut seen = outside(Role::Manager);
    seen.engine = member(made_under("n"));
    for outcome in [passed_over(), formed("other")] {
        seen.registers = just(registers(Some("n"), true, outcome));
        assert_eq!(action(&seen), Action::Leave);
    }
}

#[test]
fn a_swarm_made_by_somebody_else_is_not_this_nodes_to_settle() {
    let mut seen = outside(Role::Manager);
    seen.engine = member(made_under("theirs"));
    for outcome in [None, passed_over(), formed("other")] {
        seen.registers = just(registers(Some("n"), true, outcome));
        assert_eq!(action(&seen), wait(1000));
    }
    seen.registers = just(registers(Some("theirs"), false, formed("swarm")));
    assert_eq!(action(&seen), remembers(Epoch::FIRST));
}

#[test]
fn a_passed_over_epoch_leads_to_the_next() {
    let mut seen = outside(Role::Manager);
    seen.ticket = just(None);
    seen.registers = just(registers(Some("n"), true, passed_over()));
    assert_eq!(action(&seen), Action::ReadRegisters(Epoch::FIRST.next()));
}

#[test]
fn a_challenger_waits_and_passes_over_only_on_ec2s_word_or_at_the_end_of_its_patience() {
    let mut seen = outside(Role::Manager);
    seen.ticket = just(None);
    seen.registers = just(registers(Some("theirs"), false, None));
    seen.holder = holder(1);
    assert_eq!(action(&seen), wait(1000));
    seen.holder = holder(11);
    assert_eq!(action(&seen), Action::AskFleet(vec!["i-1".into()]));
    seen.fleet = words(&[("i-1", Life::Alive)]);
    assert_eq!(action(&seen), wait(1000));
    seen.fleet = words(&[("i-1", Life::Terminated)]);
    assert_eq!(action(&seen), Action::PassOver(Epoch::FIRST));
    seen.fleet = words(&[("i-1", Life::Alive)]);
    seen.holder = holder(300);
    assert_eq!(action(&seen), Action::PassOver(Epoch::FIRST));
}

#[test]
fn a_join_that_was_not_noted_is_recognised_by_the_ticket() {
    let mut seen = outside(Role::Worker);
    seen.engine = member(Control::Worker);
    assert_eq!(action(&seen), Action::ReadTicket);
    seen.ticket = just(Some(ticket()));
    assert_eq!(action(&seen), remembers(Epoch::FIRST));
    seen.ticket = just(Some(Ticket {
        swarm_id: "other".into(),
        ..ticket()
    }));
    assert!(matches!(decide(&seen).reason, Reason::ForeignSwarm { .. }));
}

#[test]
fn a_pending_join_is_watched_for_a_minute() {
    let mut seen = outside(Role::Worker);
    seen.engine = EngineState::Pending(Identity::default());
    seen.since = 20 * SECOND;
    assert_eq!(action(&seen), wait(40_000));
    seen.since = 60 * SECOND;
    assert_eq!(action(&seen), Action::Leave);
}
