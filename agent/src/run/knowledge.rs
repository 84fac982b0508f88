//! What the agent has learnt since it started: answers with their times.

use std::time::Duration;

use tokio::time::Instant;

use crate::swarm::{
    EngineState, Holder, JoinFailure, Membership, Observation, Probed, Reading, Registers, Role,
    Ticket, Trouble,
};

/// An answer, when it came, and how often in a row it was of this kind.
#[derive(Clone, Debug)]
pub(super) struct Learnt<T> {
    value: Result<T, Trouble>,
    at: Instant,
    looks: u32,
}

/// Everything a round knows beside the engine's own state.
#[derive(Debug)]
pub(super) struct Knowledge {
    pub(super) membership: Option<Membership>,
    pub(super) ticket: Option<Learnt<Option<Ticket>>>,
    pub(super) registers: Option<Learnt<Registers>>,
    pub(super) managers: Option<Learnt<Vec<Probed>>>,
    join: Option<(Instant, u32, String)>,
    left: Option<Instant>,
    awaited: Option<Awaited>,
    engine: Option<(EngineState, Instant)>,
    patience: Duration,
}

/// The claim this node waits for, by its nonce.
#[derive(Debug)]
struct Awaited {
    nonce: String,
    since: Instant,
    asked: Option<Instant>,
    gone: u32,
}

impl<T> Learnt<T> {
    /// The value, if the last look gave one.
    pub(super) fn value(&self) -> Option<&T> {
        self.value.as_ref().ok()
    }

    fn reading(&self) -> Reading<T>
    where
        T: Clone,
    {
        Reading {
            value: self.value.clone(),
            age: self.at.elapsed(),
            looks: self.looks,
        }
    }
}

/// Notes an answer. Gaps grow while answers stay of the same kind and start again when the
/// kind changes.
pub(super) fn note<T>(
    slot: &mut Option<Learnt<T>>,
    value: Result<T, Trouble>,
    same_kind: impl Fn(&T, &T) -> bool,
) {
    let before = slot.as_ref().map(|learnt| (&learnt.value, learnt.looks));
    let looks = match (before, &value) {
        (Some((Ok(old), looks)), Ok(new)) if same_kind(old, new) => looks + 1,
        (Some((Err(_), looks)), Err(_)) => looks + 1,
        _ => 1,
    };
    *slot = Some(Learnt {
        value,
        at: Instant::now(),
        looks,
    });
}

impl Knowledge {
    pub(super) fn new(membership: Option<Membership>, patience: Duration) -> Self {
        Self {
            membership,
            ticket: None,
            registers: None,
            managers: None,
            join: None,
            left: None,
            awaited: None,
            engine: None,
            patience,
        }
    }

    /// Nothing is known yet, and there is no membership that would make it needless.
    pub(super) fn is_blank(&self) -> bool {
        self.membership.is_none() && self.ticket.is_none()
    }

    /// Docker's id of this node, while the engine is in a swarm.
    pub(super) fn node_id(&self) -> Option<&str> {
        match &self.engine {
            Some((EngineState::Active(member), _)) => Some(&member.node_id),
            _ => None,
        }
    }

    /// All facts of this round, with their ages.
    pub(super) fn observation(&mut self, role: Role, engine: EngineState) -> Observation {
        Observation {
            role,
            engine: self.watched(engine),
            membership: self.membership.clone(),
            ticket: self.ticket.as_ref().map(Learnt::reading),
            registers: self.registers.as_ref().map(Learnt::reading),
            managers: self.managers.as_ref().map(Learnt::reading),
            join: self.join.as_ref().map(|(at, attempts, cause)| JoinFailure {
                age: at.elapsed(),
                attempts: *attempts,
                cause: cause.clone(),
            }),
            left: self.left.map(|at| at.elapsed()),
            holder: self.holder(),
        }
    }

    /// The same state with its age by this agent's watch: Docker does not tell since when.
    fn watched(&mut self, mut state: EngineState) -> EngineState {
        let since = match &self.engine {
            Some((before, since)) if *before == state => *since,
            _ => {
                let now = Instant::now();
                self.engine = Some((state.clone(), now));
                now
            }
        };
        if let EngineState::Down { since: age } | EngineState::Pending { since: age, .. } =
            &mut state
        {
            *age = since.elapsed();
        }
        state
    }

    pub(super) fn joined(&mut self, membership: Membership) {
        self.membership = Some(membership);
        self.join = None;
        self.left = None;
    }

    pub(super) fn join_failed(&mut self, cause: String) {
        let attempts = self.join.as_ref().map_or(0, |(_, attempts, _)| *attempts);
        self.join = Some((Instant::now(), attempts + 1, cause));
    }

    /// The engine has left: what was known of the swarm it was in is of no use any more.
    pub(super) fn has_left(&mut self) {
        let patience = self.patience;
        *self = Self {
            left: Some(Instant::now()),
            ..Self::new(None, patience)
        };
    }

    /// Starts or goes on waiting for another node's claim.
    pub(super) fn await_claim(&mut self, nonce: Option<&str>) {
        if self.awaited.as_ref().map(|awaited| awaited.nonce.as_str()) != nonce {
            self.awaited = nonce.map(|nonce| Awaited {
                nonce: nonce.to_owned(),
                since: Instant::now(),
                asked: None,
                gone: 0,
            });
        }
    }

    /// EC2's word about the claim's holder; `None` where it gave none.
    pub(super) fn holder_is_gone(&mut self, gone: Option<bool>) {
        if let Some(awaited) = &mut self.awaited {
            awaited.asked = Some(Instant::now());
            awaited.gone = match gone {
                Some(true) => awaited.gone + 1,
                Some(false) => 0,
                None => awaited.gone,
            };
        }
    }

    fn holder(&self) -> Holder {
        let awaited = self.awaited.as_ref();
        Holder {
            waited: awaited.map(|a| a.since.elapsed()).unwrap_or_default(),
            gone: awaited.map(|a| a.gone).unwrap_or_default(),
            asked: awaited.and_then(|a| a.asked).map(|at| at.elapsed()),
            patience: self.patience,
        }
    }
}
