//! What a round saw: plain data, ages instead of clocks.

use std::net::SocketAddr;
use std::time::Duration;

use crate::departure::Departing;
use crate::node::Asked;
use crate::{
    Action, EngineState, Epoch, Fleet, Holder, Identity, JoinFailure, Kind, Membership, Peer,
    Probed, Reading, Recovery, Registers, Role, Standing, Ticket, Validity, pace,
};

/// Everything a decision may rest on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Observation {
    /// This instance.
    pub instance_id: String,
    /// Where this node's manager listens, if it is one.
    pub address: SocketAddr,
    /// This node's role, from its tags.
    pub role: Role,
    /// The engine, by its own word.
    pub engine: EngineState,
    /// How long the engine has been of this kind, by this agent's watch; one that has failed by a certificate, for how long
    /// that has been as it is now.
    pub since: Duration,
    /// How the certificate is now that the engine has failed by, if it has by one.
    pub validity: Option<Validity>,
    /// What this node remembers of its own joining.
    pub membership: Option<Membership>,
    /// The managers of this node's swarm, as it saw them last while there was a leader.
    pub peers: Vec<Peer>,
    /// The epoch under whose claim this node has forced a new cluster out of its old one, if it
    /// has: on disk from before the act until that epoch is remembered.
    pub forced: Option<Epoch>,
    /// The ticket, as last read.
    pub ticket: Option<Reading<Option<Ticket>>>,
    /// Which node this instance is, as last written down in Parameter Store.
    pub recorded: Option<Reading<String>>,
    /// The registers of one epoch, as last read.
    pub registers: Option<Reading<Registers>>,
    /// The ticket's managers, as last probed.
    pub managers: Option<Reading<Vec<Probed>>>,
    /// What the managers that this node knows say of it.
    pub standing: Option<Standing>,
    /// The last attempt to join, while the engine is in no swarm.
    pub join: Option<JoinFailure>,
    /// The last attempt to unlock the engine.
    pub unlock: Option<Reading<()>>,
    /// How long ago this agent took the engine out of a swarm.
    pub left: Option<Duration>,
    /// How long ago this node last did what cannot be undone: left a swarm it belonged to, forced
    /// a new cluster, restarted its engine. From disk: a restart of the agent does not forget it.
    pub acted: Option<Duration>,
    /// How it stands with the other node whose claim this one waits for.
    pub holder: Holder,
    /// EC2's word about the instances it was asked about.
    pub fleet: Fleet,
    /// Whether a lost majority may be recovered by force.
    pub recovery: Recovery,
    /// This node's departure, if it departs.
    pub departure: Option<Departing>,
}

impl Observation {
    /// To ask the managers that this node knows about it. One without a leader also asks those that its engine may have
    /// lost.
    pub(super) fn ask_standing(&self) -> Action {
        let node = self.engine.identity().cloned().unwrap_or_default();
        let mut managers = node.managers.clone();
        if self.engine.kind() == Kind::NoLeader {
            managers.extend(self.peers.iter().map(|peer| peer.address));
        }
        managers.retain(|address| *address != self.address);
        managers.sort_unstable();
        managers.dedup();
        Action::AskStanding(Box::new(Asked { node, managers }))
    }

    /// To ask the ticket's managers but for this one which swarm they serve.
    pub(super) fn probe(&self) -> Action {
        let ticket = self.ticket.as_ref().and_then(Reading::value);
        let named = ticket.and_then(Option::as_ref);
        let managers = named.map(|ticket| ticket.managers.clone());
        let mut others = managers.unwrap_or_default();
        others.retain(|address| *address != self.address);
        Action::Probe(others)
    }

    /// To remember that this node belongs to the swarm that its engine is in, which is of that epoch. An engine that does not
    /// tell yet which it is, or as whom, is looked at again.
    pub(super) fn remember(&self, here: &Identity, epoch: Epoch) -> Action {
        match (here.node_id.clone(), here.swarm_id.clone()) {
            (Some(node_id), Some(swarm_id)) => Action::Remember(Box::new(Membership {
                instance_id: self.instance_id.clone(),
                node_id,
                swarm_id,
                epoch,
            })),
            _ => Action::Wait(pace::PROMOTION_LOOK),
        }
    }
}
