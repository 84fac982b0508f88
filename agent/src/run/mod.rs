//! The shell around the decision: observe, decide, act, look again.
//!
//! Level-triggered: no step knows which one came before it. What happened is learnt by
//! looking, so a crash, a lost answer or a restarted engine needs no case of its own.

mod act;
mod chores;
mod knowledge;
mod memory;
mod names;
mod registers;
mod rounds;
mod start;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use secrecy::SecretString;
use thiserror::Error;

use crate::cloud::CloudError;
use crate::cloud::fleet::Fleet;
use crate::cloud::parameter_store::ParameterStore;
use crate::config::Settings;
use crate::engine::probe::Probe;
use crate::engine::{Engine, EngineError, SWARM_PORT};
use crate::node::Node;
use crate::swarm::{JoinToken, TicketError};

pub use memory::{Memory, MemoryError};
pub use rounds::{Triggers, run};
pub use start::{StartError, start};

use chores::Chores;
use knowledge::Knowledge;
use names::Names;

/// Everything outside of this process, each behind its trait.
#[derive(Debug)]
pub struct Edges<S, F, E, P> {
    /// Parameter Store.
    pub store: S,
    /// EC2.
    pub fleet: F,
    /// The Docker Engine.
    pub engine: E,
    /// The managers' port.
    pub probe: P,
}

/// The agent of one node.
#[derive(Debug)]
pub struct Agent<S, F, E, P> {
    node: Node,
    settings: Settings,
    names: Names,
    edges: Edges<S, F, E, P>,
    memory: Memory,
    knowledge: Knowledge,
    chores: Chores,
}

/// Why a step did not succeed. The next round looks again, after a gap.
#[derive(Debug, Error)]
pub enum StepError {
    /// AWS.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The state folder.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The engine's token or the stored ticket.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// A register that contradicts itself.
    #[error("cannot settle epoch {epoch}: {cause}")]
    Register {
        /// Which epoch.
        epoch: crate::swarm::Epoch,
        /// What is wrong.
        cause: String,
    },
    /// Another agent's swarm is newer.
    #[error("cannot publish the ticket: epoch {0} is newer than this swarm's")]
    Superseded(crate::swarm::Epoch),
}

impl<S, F, E, P> Agent<S, F, E, P>
where
    S: ParameterStore,
    F: Fleet,
    E: Engine,
    P: Probe,
{
    /// An agent that remembers what this instance's state folder holds.
    pub fn new(
        node: Node,
        settings: Settings,
        edges: Edges<S, F, E, P>,
    ) -> Result<Self, MemoryError> {
        let memory = Memory::new(&settings.state_dir, &node.instance_id);
        let knowledge = Knowledge::new(memory.membership()?, settings.swarm.claim_patience);
        let names = Names::new(&settings.aws.parameter_prefix, &node.cluster);
        let chores = Chores::default();
        Ok(Self {
            node,
            settings,
            names,
            edges,
            memory,
            knowledge,
            chores,
        })
    }

    /// Where this node's manager listens, if it is one.
    fn address(&self) -> SocketAddr {
        (self.node.private_ip, SWARM_PORT).into()
    }
}

/// The CA digest of the worker token now in force.
fn digest(token: SecretString) -> Result<(JoinToken, String), TicketError> {
    let token = JoinToken::parse(token)?;
    let digest = token.ca_digest().to_owned();
    Ok((token, digest))
}
