//! What a load balancer's health check hears of this node: whether it is to have new traffic.
//!
//! A swarm without managers runs on: its tasks stay and its mesh forwards. So an election, a lost majority and managers that
//! are silent take no node out; if they did, all would go at once, and a cluster that cannot be changed would be one that does
//! not serve. Out is who leaves, who is drained, whose engine is down or in no swarm, and who was removed by a manager's word.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::departure::Cause;
use crate::node::state::Node;
use crate::{Availability, Kind, Series, Verdict, pace};

/// The answer to a health check.
#[derive(Clone, Copy, Debug, Eq, Hash, IntoStaticStr, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Readiness {
    /// The node serves the swarm: the only one that is well.
    Ready,
    /// It is in no swarm yet, or is not known to be.
    Joining,
    /// A person keeps the swarm's tasks off it.
    Draining,
    /// It is about to leave the swarm, or has left it on purpose.
    Departing,
    /// It belongs to the swarm, and its engine is down, or in no swarm, or a manager says that it was removed.
    Lost,
    /// No agent has said for long how the node is.
    Unknown,
}

/// What it follows from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Basis {
    /// The engine, as last looked at.
    engine: Kind,
    /// The node remembers that it belongs to the swarm.
    member: bool,
    /// Why it departs, also while that is being taken back.
    departure: Option<Cause>,
    /// A manager with a leader has said last that the swarm does not have it any more.
    removed: bool,
    /// By its entry it is drained, as managers here usually are not.
    drained: bool,
}

impl Readiness {
    /// Its word.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Whether new traffic is welcome.
    pub fn is_ready(self) -> bool {
        self == Self::Ready
    }

    /// What counts of an agent's word that is so old. An agent that has ended does not come back to say that its node leaves;
    /// one that is restarted does within seconds.
    pub fn heard(word: Option<(Self, Duration)>) -> Self {
        match word {
            Some((word, age)) if age <= pace::READINESS_LASTS => word,
            _ => Self::Unknown,
        }
    }
}

fn weigh(basis: Basis) -> Readiness {
    match basis.departure {
        Some(Cause::Drain) => return Readiness::Draining,
        Some(_) => return Readiness::Departing,
        None => {}
    }
    let serves = matches!(basis.engine, Kind::Worker | Kind::Manager | Kind::NoLeader);
    match (basis.member, serves) {
        (false, _) => Readiness::Joining,
        (true, false) => Readiness::Lost,
        (true, true) if basis.removed => Readiness::Lost,
        (true, true) if basis.drained => Readiness::Draining,
        (true, true) => Readiness::Ready,
    }
}

impl Node {
    /// What a health check is to hear by what is known now; none before the first look at the engine, while nothing says that
    /// the node departs: an agent that starts knows no better than the one before it.
    pub fn readiness(&self) -> Option<Readiness> {
        let departure = self.departure().map(|departure| departure.cause);
        let engine = self.kind();
        if engine.is_none() && departure.is_none() {
            return None;
        }
        let engine = engine.unwrap_or(Kind::Down);
        let usual = self.policy.manager_availability;
        let drained = self.availability == Some(Availability::Drain);
        Some(weigh(Basis {
            engine,
            member: self.membership().is_some(),
            departure,
            // Of a manager with a leader raft itself says that it is a member.
            removed: engine != Kind::Manager && self.is_said_to_be_removed(),
            drained: drained && engine == Kind::Manager && usual != Availability::Drain,
        }))
    }

    fn is_said_to_be_removed(&self) -> bool {
        let said = self.standing.as_ref().map(Series::value);
        said.is_some_and(|(verdict, _)| *verdict == Verdict::Removed)
    }
}

#[cfg(test)]
#[path = "readiness_tests.rs"]
mod tests;
