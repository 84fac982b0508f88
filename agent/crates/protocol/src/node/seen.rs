//! A node's facts at one moment, with their ages: what a decision rests on.

use std::time::Duration;

use crate::node::state::Node;
use crate::{
    EngineState, Holder, JoinFailure, Kind, Moment, Observation, Reading, Recovery, RecoveryMode,
    Role, Series, Standing, Turn,
};

/// A reading that hurries: managers without a swarm, for everybody waits for them; and workers' readings of the ticket,
/// which are held back on their own.
fn soon<T>(reading: Reading<T>, hurries: bool) -> Reading<T> {
    let turn = if hurries { Turn::Soon } else { reading.turn };
    Reading { turn, ..reading }
}

impl Node {
    /// For how long the engine has been so. Between two tries of a failed one it is pending, which ends no failure.
    fn lasted(&self, engine: &Series<EngineState>) -> Duration {
        let failing = self.failing.as_ref();
        let failing = failing.filter(|_| engine.value().kind() == Kind::Error);
        failing.map_or(engine.lasted(), Series::lasted)
    }

    pub(super) fn seen(&self, engine: &Series<EngineState>, now: Moment) -> Observation {
        let role = self.own.role;
        let hurries = role == Role::Manager && self.files.membership.is_none();
        let ticket = self.ticket.as_ref().map(|heard| heard.reading(now));
        let registers = self.registers.as_ref().map(|heard| heard.reading(now));
        Observation {
            instance_id: self.own.instance_id.clone(),
            address: self.own.address,
            role,
            engine: engine.value().clone(),
            since: self.lasted(engine),
            validity: engine.value().validity(now.unix),
            membership: self.files.membership.clone(),
            peers: self.files.peers.clone(),
            forced: self.files.acts.forced,
            ticket: ticket.map(|reading| soon(reading, hurries || role == Role::Worker)),
            recorded: self.recorded.as_ref().map(|heard| heard.reading(now)),
            registers: registers.map(|reading| soon(reading, hurries)),
            managers: self.probes.as_ref().map(|heard| heard.reading(now)),
            standing: self.standing(now),
            join: self.join.as_ref().map(|failed| JoinFailure {
                age: failed.age(now),
                attempts: failed.looks(),
                cause: failed.value().clone(),
            }),
            unlock: self.unlock.as_ref().map(|heard| heard.reading(now)),
            left: self.left.map(|at| at.age(now)),
            acted: self.acted.map(|at| at.age(now)),
            holder: Holder {
                waited: self.has_waited(now),
                patience: self.policy.claim_patience,
            },
            fleet: self.instances.fleet(self.concerned(), now),
            recovery: self.recovery(),
            departure: self
                .files
                .departure
                .as_ref()
                .map(|departure| self.progress.seen(departure, self.waits_for(), now)),
        }
    }

    fn standing(&self, now: Moment) -> Option<Standing> {
        let said = self.standing.as_ref()?;
        let (verdict, leaderless) = *said.value();
        Some(Standing {
            verdict,
            age: said.age(now),
            looks: said.looks(),
            lasted: said.lasted(),
            leaderless,
        })
    }

    /// A person's consent matters only in a loss.
    fn recovery(&self) -> Recovery {
        match self.recovery_mode() {
            RecoveryMode::Auto => Recovery::Auto,
            RecoveryMode::Ask => Recovery::Ask {
                consent: self.consent && self.kind() == Some(Kind::NoLeader),
            },
        }
    }

    /// The instances whose lives a decision may rest on: the managers, by the ticket and as last seen, and whoever
    /// claims an epoch.
    pub(super) fn concerned(&self) -> impl Iterator<Item = &str> {
        let told = self.ticket().into_iter();
        let told = told.flat_map(|ticket| &ticket.instances);
        let known = self
            .files
            .peers
            .iter()
            .filter_map(|p| p.instance_id.as_ref());
        let claim = self.registers().and_then(|known| known.claim.as_ref());
        let claims = claim.map(|claim| &claim.instance_id);
        told.chain(known).chain(claims).map(String::as_str)
    }
}
