//! Each row of the decision's table, and all combinations of facts.

#![allow(
    clippy::unnecessary_wraps,
    reason = "facts are optional; the helpers give them as they are used"
)]

use std::time::Duration;

use secrecy::SecretString;

use super::*;
use crate::node::Joining;
use crate::{
    Claim, Control, Epoch, Failure, Fleet, Holder, Identity, JoinFailure, JoinToken, Life, Member,
    Membership, Origin, Outcome, Peer, ProbeAnswer, Probed, Recovery, Registers, Role, Standing,
    Ticket, Trouble, Turn, Validity, Verdict, Whereabouts, Word,
};

mod combinations;
mod evidence;
mod healing;
mod leaving;
mod no_leader;
mod rows;
mod values;

const SECOND: Duration = Duration::from_secs(1);

fn outside(role: Role) -> Observation {
    Observation {
        recorded: None,
        instance_id: "i-9".into(),
        address: ([10, 0, 0, 9], 2377).into(),
        role,
        engine: EngineState::Inactive,
        since: Duration::ZERO,
        validity: None,
        membership: None,
        peers: Vec::new(),
        forced: None,
        ticket: None,
        registers: None,
        managers: None,
        standing: None,
        join: None,
        unlock: None,
        left: None,
        acted: None,
        holder: holder(0),
        fleet: Fleet::default(),
        recovery: Recovery::Auto,
        departure: None,
    }
}

fn failure(said: &str) -> EngineState {
    EngineState::Error(Failure {
        said: said.into(),
        bound: None,
    })
}

fn just<T>(value: T) -> Option<Reading<T>> {
    aged(value, Duration::ZERO)
}

fn aged<T>(value: T, age: Duration) -> Option<Reading<T>> {
    Some(Reading {
        value: Ok(value),
        age,
        looks: 1,
        lasted: Duration::ZERO,
        turn: Turn::default(),
    })
}

/// An answer that has been the same for a while, and is new.
fn lasting<T>(value: T, lasted: Duration) -> Option<Reading<T>> {
    Some(Reading {
        value: Ok(value),
        age: Duration::ZERO,
        looks: 9,
        lasted,
        turn: Turn::default(),
    })
}

fn failed<T>(trouble: Trouble) -> Option<Reading<T>> {
    Some(Reading {
        value: Err(trouble),
        age: Duration::ZERO,
        looks: 1,
        lasted: Duration::ZERO,
        turn: Turn::default(),
    })
}

fn standing(verdict: Verdict, looks: u32, lasted: Duration) -> Option<Standing> {
    Some(Standing {
        leaderless: 0,
        verdict,
        age: Duration::ZERO,
        looks,
        lasted,
    })
}

fn words(words: &[(&str, Life)]) -> Fleet {
    let seen = |life| Whereabouts {
        life,
        age: Duration::ZERO,
        looks: 2,
        lasted: 10 * SECOND,
    };
    let words = words
        .iter()
        .map(|(id, life)| ((*id).to_owned(), seen(*life)));
    Fleet(words.collect())
}

fn digest() -> String {
    "1".repeat(50)
}

fn ticket() -> Ticket {
    let token: SecretString = format!("SWMTKN-1-{}-{}", digest(), "s".repeat(25)).into();
    Ticket {
        epoch: Epoch::FIRST,
        swarm_id: "swarm".into(),
        token: JoinToken::parse(token).unwrap(),
        managers: vec![
            "10.0.0.4:2377".parse().unwrap(),
            "10.0.0.5:2377".parse().unwrap(),
        ],
        instances: vec!["i-4".into(), "i-5".into()],
        kms_key: None,
        issued_by: "i-1".into(),
        issued_at: 0,
    }
}

fn manager(last: u8, swarm_id: &str, ca_digest: Option<String>) -> Probed {
    Probed {
        address: ([10, 0, 0, last], 2377).into(),
        answer: ProbeAnswer::Manager {
            swarm_id: swarm_id.into(),
            ca_digest,
            word: Word::Unknown,
        },
    }
}

/// By the ticket, at the manager with this address.
fn joins(last: u8) -> Action {
    Action::Join(Box::new(Joining {
        ticket: ticket(),
        manager: ([10, 0, 0, last], 2377).into(),
    }))
}

/// As this node of the engine's swarm.
fn remembers(epoch: Epoch) -> Action {
    Action::Remember(Box::new(Membership {
        epoch,
        ..membership().unwrap()
    }))
}

fn nobody(last: u8) -> Probed {
    Probed {
        address: ([10, 0, 0, last], 2377).into(),
        answer: ProbeAnswer::Nobody("refuses the connection".into()),
    }
}

fn registers(claim: Option<&str>, mine: bool, outcome: Option<Outcome>) -> Registers {
    Registers {
        epoch: Epoch::FIRST,
        claim: claim.map(|nonce| Claim {
            nonce: nonce.into(),
            instance_id: "i-1".into(),
        }),
        outcome,
        claim_is_mine: mine,
    }
}

fn formed(swarm_id: &str) -> Option<Outcome> {
    Some(Outcome::Formed {
        nonce: "n".into(),
        swarm_id: swarm_id.into(),
        ca_digest: digest(),
        address: "10.0.0.4:2377".parse().unwrap(),
    })
}

fn passed_over() -> Option<Outcome> {
    Some(Outcome::PassedOver {
        nonce: "p".into(),
        by: "i-2".into(),
        why: "gone".into(),
    })
}

fn identity() -> Identity {
    Identity {
        locks: false,
        node_id: Some("node".into()),
        swarm_id: Some("swarm".into()),
        ca_digest: Some(digest()),
        managers: vec!["10.0.0.4:2377".parse().unwrap()],
    }
}

fn member(control: Control) -> EngineState {
    EngineState::Active(Member {
        identity: identity(),
        control,
    })
}

fn made_under(nonce: &str) -> Control {
    let origin = Some(Origin {
        epoch: Epoch::FIRST,
        nonce: nonce.into(),
    });
    Control::Manager {
        leader: true,
        origin,
    }
}

fn membership() -> Option<Membership> {
    Some(Membership {
        instance_id: "i-9".into(),
        node_id: "node".into(),
        swarm_id: "swarm".into(),
        epoch: Epoch::FIRST,
    })
}

fn holder(waited: u32) -> Holder {
    Holder {
        waited: waited * SECOND,
        patience: 300 * SECOND,
    }
}

/// This node and two others, as raft listed them.
fn peers() -> Vec<Peer> {
    let peer = |n: u8, node_id: &str| Peer {
        node_id: node_id.into(),
        instance_id: Some(format!("i-{n}")),
        address: ([10, 0, 0, n], 2377).into(),
    };
    vec![peer(4, "four"), peer(5, "five"), peer(9, "node")]
}
