use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use protocol::{
    Claim, Control, Decision, JoinToken, Life, Member, ProbeAnswer, Reply, Told, Word, decide,
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

fn node(role: Role) -> Node {
    Node {
        account: None,
        instance_id: "i-9".into(),
        region: "r".into(),
        zone: "ra".into(),
        instance_type: "t3.small".into(),
        private_ip: [10, 0, 0, 9].into(),
        name: None,
        role,
        cluster: "c".parse().unwrap(),
        labels: std::collections::BTreeMap::new(),
        group: None,
    }
}

fn blank(now: Moment) -> Knowledge {
    let acted = Some(300 * SECOND);
    let recalled = Recalled {
        acted,
        ..Recalled::default()
    };
    Knowledge::new(recalled, 300 * SECOND, now)
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

fn told(known: &mut Knowledge, ends: bool, now: Moment) {
    let asked = ["i-4".to_owned()];
    let told = Told {
        id: "i-4".into(),
        life: if ends { Life::Terminated } else { Life::Alive },
        addresses: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        facts: protocol::Facts::default(),
    };
    let reply = Reply {
        asked: &asked,
        known: &[told],
        silent: &std::collections::BTreeSet::new(),
    };
    known.instances.see(&reply, now);
}

/// One of all that a node can learn.
fn learn(known: &mut Knowledge, lesson: u8, detail: u8, now: Moment) {
    let odd = detail % 2 == 1;
    let busy = || Trouble::Throttled("busy".into());
    match lesson % 12 {
        0 => Series::hear(&mut known.ticket, Ok(odd.then(ticket)), Option::eq, now),
        1 => Series::hear(&mut known.ticket, Err(busy()), Option::eq, now),
        2 => {
            let registers = claimed(if odd { "i-4" } else { "i-5" });
            known.await_claim(Some(if odd { "i-4" } else { "i-5" }), now);
            Series::hear(&mut known.registers, Ok(registers), Registers::eq, now);
        }
        3 => Series::hear(&mut known.registers, Err(busy()), Registers::eq, now),
        4 => Series::hear(&mut known.managers, Ok(probed(odd)), Vec::eq, now),
        5 => {
            let verdicts = [
                Verdict::Member,
                Verdict::Removed,
                Verdict::NoLeader,
                Verdict::Silent,
            ];
            known.note_standing(verdicts[usize::from(detail % 4)], 1, now);
        }
        6 => told(known, odd, now),
        7 => known.joined(membership(), now),
        8 => known.join_failed("refused".into(), now),
        9 => known.hold(SECOND * u32::from(detail), now),
        10 => known.has_acted(&Act::Leave, now),
        _ if odd => known.has_left(now),
        _ => Series::hear(&mut known.unlock, Err(busy()), |(), ()| true, now),
    }
}

/// What a round saw, what it decided, and until when the ticket is held back.
type Round = (Observation, Decision, Option<Duration>);

/// A round after each lesson, which comes so long after the one before.
fn rounds(lessons: &[(u64, u8, u8)], role: Role, begin: Duration) -> Vec<Round> {
    let (node, mut now) = (node(role), at(begin));
    let mut known = blank(now);
    let round = |(gap, lesson, detail): &(u64, u8, u8)| {
        now = at(now.up + SECOND * u32::try_from(*gap).unwrap());
        learn(&mut known, *lesson, *detail, now);
        let engine = engine(detail / 4);
        let seen = known.observation(&node, engine, Recovery::Auto, None, now);
        let decision = decide(&seen);
        (seen, decision, known.held(now))
    };
    lessons.iter().map(round).collect()
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
}

#[test]
fn a_machine_that_was_suspended_has_waited_for_nothing_meanwhile() {
    let (node, mut now) = (node(Role::Manager), at(HOUR));
    let mut known = blank(now);
    let look = |known: &mut Knowledge, now| {
        known.observation(&node, EngineState::Down, Recovery::Auto, None, now)
    };
    for _ in 0..5 {
        learn(&mut known, 2, 1, now);
        known.note_standing(Verdict::NoLeader, 1, now);
        look(&mut known, now);
        now = at(now.up + 30 * SECOND);
    }
    let seen = look(&mut known, now);
    assert_eq!(
        (seen.since, seen.holder.waited),
        (150 * SECOND, 150 * SECOND)
    );
    assert_eq!(seen.standing.unwrap().lasted, 120 * SECOND);
    now = at(now.up + 9 * HOUR);
    let woken = look(&mut known, now);
    assert_eq!(
        (woken.since, woken.holder.waited),
        (Duration::ZERO, 120 * SECOND)
    );
    assert_eq!(woken.standing.unwrap().lasted, 120 * SECOND);
    assert!(
        woken.registers.unwrap().age > 9 * HOUR,
        "it is asked for again"
    );
    learn(&mut known, 2, 1, now);
    known.note_standing(Verdict::NoLeader, 1, now);
    let asked = look(&mut known, now);
    assert_eq!(asked.holder.waited, Duration::ZERO);
    assert_eq!(asked.standing.unwrap().lasted, Duration::ZERO);
    assert!(asked.acted.unwrap() > 9 * HOUR, "an act's rest goes on");
}
