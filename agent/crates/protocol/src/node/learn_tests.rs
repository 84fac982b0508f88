#[path = "learn_group_tests.rs"]
mod group;
#[path = "learn_readiness_tests.rs"]
mod readiness;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::departure::Hold;
use crate::departure::latch::Rules;
use crate::departure::notice::{Notices, Target};
use crate::facts::hooks::{Hook, HookCall, Transition, Waiting};
use crate::node::launch::{LaunchRules, OnFailure, Word as LaunchWord};
use crate::node::{DepartureEvent, LaunchCall, LaunchEvent, Next, Own, Policy};
use crate::pace::ROUND;
use crate::{
    Availability, Bound, Claim, Control, Decision, Epoch, Facts, Failure, JoinToken, Life, Member,
    Observation, ProbeAnswer, RecoveryMode, Reply, Span, Stamp, Told, Trouble, Word,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

fn at(up: Duration) -> Moment {
    Moment {
        up,
        unix: 1_800_000_000 + up.as_secs(),
        random: 300,
    }
}

fn own(role: Role) -> Own {
    Own {
        instance_id: "i-9".into(),
        role,
        address: "10.0.0.9:2377".parse().unwrap(),
        group: None,
        boot: "boot".into(),
    }
}

fn blank(role: Role, now: Moment) -> Node {
    let files = Files {
        acts: Acts {
            at: Some(now.up.saturating_sub(300 * SECOND).as_secs()),
            forced: None,
        },
        ..Files::default()
    };
    let policy = Policy {
        claim_patience: 300 * SECOND,
        recovery: Some(RecoveryMode::Auto),
        departure: Rules {
            rebalance: true,
            maintenance: true,
            drain_limit: 300 * SECOND,
            margin: 30 * SECOND,
            traffic_wait: Duration::ZERO,
        },
        manager_availability: Availability::Active,
        launch: None,
    };
    Node::start(own(role), policy, files, now)
}

fn digest() -> String {
    "1".repeat(50)
}

fn ticket() -> Ticket {
    let token = format!("SWMTKN-1-{}-{}", digest(), "s".repeat(25));
    Ticket {
        epoch: Epoch::FIRST,
        swarm_id: "swarm".into(),
        token: JoinToken::parse(token.into()).unwrap(),
        managers: vec!["10.0.0.4:2377".parse().unwrap()],
        instances: vec!["i-4".into()],
        kms_key: None,
        issued_by: "i-4".into(),
        issued_at: 0,
    }
}

fn claimed(by: &str) -> Registers {
    Registers {
        epoch: Epoch::FIRST,
        claim: Some(Claim {
            nonce: by.into(),
            instance_id: by.into(),
        }),
        outcome: None,
        claim_is_mine: false,
    }
}

fn membership() -> Membership {
    Membership {
        instance_id: "i-9".into(),
        node_id: "node".into(),
        swarm_id: "swarm".into(),
        epoch: Epoch::FIRST,
    }
}

fn engine(number: u8) -> EngineState {
    let member = |control| {
        EngineState::Active(Member {
            identity: Identity {
                locks: false,
                node_id: Some("node".into()),
                swarm_id: Some("swarm".into()),
                ca_digest: Some(digest()),
                managers: vec!["10.0.0.4:2377".parse().unwrap()],
            },
            control,
        })
    };
    match number % 6 {
        0 => EngineState::Down,
        1 => EngineState::Inactive,
        2 => EngineState::Pending(Identity::default()),
        3 => EngineState::Locked,
        4 => member(Control::Worker),
        _ => member(Control::NoLeader("n".into())),
    }
}

fn probed(able: bool) -> Vec<Probed> {
    let answer = if able {
        ProbeAnswer::Manager {
            swarm_id: "swarm".into(),
            ca_digest: Some(digest()),
            word: Word::Unknown,
        }
    } else {
        ProbeAnswer::Nobody("n".into())
    };
    vec![Probed {
        address: "10.0.0.4:2377".parse().unwrap(),
        answer,
    }]
}

fn told(known: &mut Node, ends: bool, now: Moment) {
    let asked = ["i-4".to_owned()];
    let told = Told {
        profile: None,
        id: "i-4".into(),
        life: if ends { Life::Terminated } else { Life::Alive },
        addresses: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        facts: Facts::default(),
    };
    let reply = Reply {
        asked: &asked,
        known: &[told],
        silent: &std::collections::BTreeSet::new(),
    };
    known.learn(Event::Instances(reply), now);
}

/// What this node's managers say of it: one without a leader tells of no root.
fn words(detail: u8) -> Vec<Probed> {
    let manager = |ca_digest, word| ProbeAnswer::Manager {
        swarm_id: "swarm".into(),
        ca_digest,
        word,
    };
    let answer = match detail % 4 {
        0 => manager(Some(digest()), Word::Member),
        1 => manager(Some(digest()), Word::Removed),
        2 => manager(None, Word::Unknown),
        _ => ProbeAnswer::Nobody("n".into()),
    };
    let address = "10.0.0.4:2377".parse().unwrap();
    vec![Probed { address, answer }]
}

/// One of all that a node can learn.
fn lesson(number: u8, detail: u8) -> Event<'static> {
    let odd = detail % 2 == 1;
    let busy = || Trouble::Throttled("busy".into());
    match number % 12 {
        0 => Event::Ticket(Ok(odd.then(ticket))),
        1 => Event::Ticket(Err(busy())),
        2 => Event::Registers(Ok(claimed(if odd { "i-4" } else { "i-5" }))),
        3 => Event::Registers(Err(busy())),
        4 => Event::Probed(probed(odd)),
        5 => Event::Standing(words(detail)),
        6 => Event::Remembered(membership()),
        7 => Event::JoinFailed("refused".into()),
        8 => Event::Recorded(Act::Leave),
        9 => Event::NothingForced,
        10 => Event::Stale,
        _ if odd => Event::Left,
        _ => Event::Unlocked(Err(busy())),
    }
}

fn later(stamp: Stamp) -> Stamp {
    let up = stamp.age(at(30 * 24 * HOUR));
    at(30 * 24 * HOUR + 24 * HOUR).ago(up)
}

/// What a round saw, what it decided, and until when the ticket is held back.
type Round = (Observation, Decision, Option<Duration>);

fn round(known: &mut Node, state: EngineState, now: Moment) -> Round {
    known.learn(Event::Round, now);
    known.learn(Event::Engine(state), now);
    let Next::Do(step) = known.next(now) else {
        panic!("a look is enough for a round");
    };
    (step.seen, step.decision, known.held(now))
}

/// A round after each lesson, which comes so long after the one before.
fn rounds(lessons: &[(u64, u8, u8)], role: Role, begin: Duration) -> Vec<Round> {
    let mut known = blank(role, at(begin));
    rounds_of(&mut known, lessons, begin)
}

fn rounds_of(known: &mut Node, lessons: &[(u64, u8, u8)], begin: Duration) -> Vec<Round> {
    let mut now = at(begin);
    let one = |(gap, number, detail): &(u64, u8, u8)| {
        now = at(now.up + SECOND * u32::try_from(*gap).unwrap());
        match number % 13 {
            12 => told(known, detail % 2 == 1, now),
            number => known.learn(lesson(number, *detail), now),
        }
        round(known, engine(detail / 4), now)
    };
    lessons.iter().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// All that is known moved by a day decides the same: no time in it is anything but a difference.
    #[test]
    fn a_day_later_the_same_is_decided(
        lessons in vec((prop_oneof![0..40_u64, 100..700_u64], any::<u8>(), any::<u8>()), 1..60),
        is_manager: bool,
    ) {
        let role = if is_manager { Role::Manager } else { Role::Worker };
        let today = rounds(&lessons, role, HOUR);
        let tomorrow = rounds(&lessons, role, 25 * HOUR);
        prop_assert_eq!(today, tomorrow);
    }

    /// Nor is there one that is not named: once all of them are another day's, what follows is the same.
    #[test]
    fn all_times_can_be_moved(
        lessons in vec((prop_oneof![0..40_u64, 100..700_u64], any::<u8>(), any::<u8>()), 2..60),
        is_manager: bool,
    ) {
        let role = if is_manager { Role::Manager } else { Role::Worker };
        let (past, future) = lessons.split_at(lessons.len() / 2);
        let mut known = blank(role, at(HOUR));
        let gaps: u64 = past.iter().map(|(gap, ..)| gap).sum();
        rounds_of(&mut known, past, HOUR);
        let mut moved = known.clone();
        moved.retime(&mut |_, span| Span {
            first: later(span.first),
            last: later(span.last),
            looks: span.looks,
        });
        let now = HOUR + Duration::from_secs(gaps);
        let today = rounds_of(&mut known, future, now);
        prop_assert_eq!(today, rounds_of(&mut moved, future, now + 24 * HOUR));
    }
}

#[test]
fn a_machine_that_was_suspended_has_waited_for_nothing_meanwhile() {
    let mut now = at(HOUR);
    let mut known = blank(Role::Manager, now);
    let member = || engine(4);
    let silent = |known: &mut Node, now| {
        known.learn(Event::Registers(Ok(claimed("i-4"))), now);
        known.learn(Event::Standing(words(3)), now);
    };
    round(&mut known, member(), now);
    for _ in 0..5 {
        silent(&mut known, now);
        round(&mut known, member(), now);
        now = at(now.up + 30 * SECOND);
    }
    let (seen, ..) = round(&mut known, member(), now);
    assert_eq!(
        (seen.since, seen.holder.waited),
        (150 * SECOND, 150 * SECOND)
    );
    assert_eq!(seen.standing.unwrap().lasted, 120 * SECOND);
    now = at(now.up + 9 * HOUR);
    let (woken, ..) = round(&mut known, member(), now);
    assert_eq!(
        (woken.since, woken.holder.waited),
        (Duration::ZERO, 120 * SECOND)
    );
    assert_eq!(woken.standing.unwrap().lasted, 120 * SECOND);
    assert!(
        woken.registers.unwrap().age > 9 * HOUR,
        "it is asked for again"
    );
    silent(&mut known, now);
    let (asked, ..) = round(&mut known, member(), now);
    assert_eq!(asked.holder.waited, Duration::ZERO);
    assert_eq!(asked.standing.unwrap().lasted, Duration::ZERO);
    assert!(asked.acted.unwrap() > 9 * HOUR, "an act's rest goes on");
}

/// Docker tries again after up to 30 s, and is pending while it does.
#[test]
fn a_failure_goes_on_while_the_engine_tries_again_and_ends_when_it_is_back() {
    let begin = at(HOUR);
    let mut known = blank(Role::Worker, begin);
    let failed = || EngineState::Error(Failure::default());
    let pending = || EngineState::Pending(Identity::default());
    let mut since = |state, after: u32| {
        let (seen, ..) = round(&mut known, state, at(begin.up + after * SECOND));
        seen.since
    };
    assert_eq!(since(failed(), 0), Duration::ZERO);
    assert_eq!(since(pending(), 30), Duration::ZERO, "it is another kind");
    assert_eq!(since(failed(), 60), 60 * SECOND);
    since(engine(4), 62);
    assert_eq!(since(failed(), 64), Duration::ZERO);
}

/// Two hours behind: for how long that was says nothing of how long the engine has failed with a clock that is right.
#[test]
fn a_failure_by_a_wrong_clock_counts_from_when_the_clock_is_right() {
    let begin = at(HOUR);
    let mut known = blank(Role::Worker, begin);
    let by = |bound| {
        EngineState::Error(Failure {
            said: "not valid".into(),
            bound,
        })
    };
    let mut seen = |bound, up: u32, unix| {
        let now = Moment {
            unix,
            ..at(begin.up + up * SECOND)
        };
        let (seen, ..) = round(&mut known, by(bound), now);
        (seen.validity, seen.since)
    };
    let from = Some(Bound::From(7200));
    let until = Some(Bound::Until(10_000));
    let (behind, right, over) = (Validity::NotYet, Validity::Now, Validity::Over);
    assert_eq!(seen(from, 0, 0), (Some(behind), Duration::ZERO));
    assert_eq!(seen(from, 90, 90), (Some(behind), 90 * SECOND));
    assert_eq!(seen(from, 92, 7292), (Some(right), Duration::ZERO));
    assert_eq!(seen(from, 152, 7352), (Some(right), 60 * SECOND));
    assert_eq!(seen(None, 154, 7354), (None, Duration::ZERO), "another");
    assert_eq!(seen(until, 160, 10_001), (Some(over), 6 * SECOND));
    assert_eq!(seen(until, 162, 10_000), (Some(right), Duration::ZERO));
}
