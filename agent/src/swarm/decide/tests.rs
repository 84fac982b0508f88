//! Each row of the decision's table, and all combinations of facts.

#![allow(
    clippy::unnecessary_wraps,
    reason = "facts are optional; the helpers give them as they are used"
)]

use std::time::Duration;

use secrecy::SecretString;

use super::*;
use crate::swarm::{
    Claim, Control, Epoch, Holder, JoinFailure, JoinToken, Member, Membership, Origin, Outcome,
    ProbeAnswer, Probed, Registers, Role, Ticket, Trouble,
};

mod combinations;
mod rows;

const SECOND: Duration = Duration::from_secs(1);

fn outside(role: Role) -> Observation {
    Observation {
        role,
        engine: EngineState::Inactive,
        membership: None,
        ticket: None,
        registers: None,
        managers: None,
        join: None,
        left: None,
        holder: holder(0, 0, None),
    }
}

fn just<T>(value: T) -> Option<Reading<T>> {
    aged(value, Duration::ZERO)
}

fn aged<T>(value: T, age: Duration) -> Option<Reading<T>> {
    Some(Reading {
        value: Ok(value),
        age,
        looks: 1,
    })
}

fn failed<T>(trouble: Trouble) -> Option<Reading<T>> {
    Some(Reading {
        value: Err(trouble),
        age: Duration::ZERO,
        looks: 1,
    })
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
        },
    }
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

fn member(control: Control) -> EngineState {
    EngineState::Active(Member {
        node_id: "node".into(),
        swarm_id: Some("swarm".into()),
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
        instance_id: "i-1".into(),
        node_id: "node".into(),
        swarm_id: "swarm".into(),
        epoch: Epoch::FIRST,
    })
}

fn holder(waited: u32, gone: u32, asked: Option<Duration>) -> Holder {
    Holder {
        waited: waited * SECOND,
        gone,
        asked,
        patience: 300 * SECOND,
    }
}
