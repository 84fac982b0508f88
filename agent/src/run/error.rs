//! Why a step did not succeed.

use std::time::Duration;

use thiserror::Error;

use aws::CloudError;
use docker::EngineError;
use host::state_folder::StateError;
use protocol::TicketError;
use protocol::leader::publishing::Unpublishable;

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
    Memory(#[from] StateError),
    /// The engine's token or the stored ticket.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// A register that contradicts itself.
    #[error("cannot settle epoch {epoch}: {cause}")]
    Register {
        /// Which epoch.
        epoch: protocol::Epoch,
        /// What is wrong.
        cause: String,
    },
    /// Everything is taken.
    #[error(
        "cannot create the swarm: no address pool is clear of the VPC, of this host's routes and networks and of \
         engine.avoid; set swarm.address_pool"
    )]
    NoPool,
    /// EC2's answer did not hold this node's own instance: it says nothing about others.
    #[error("cannot rely on EC2's answer: it does not know this node's own instance")]
    PartialAnswer,
    /// EC2 says nothing about some instances, and has said of the others what it says.
    #[error("cannot learn of {0}: EC2 answers for other zones than theirs")]
    Silent(String),
    /// Others could not join the swarm that this node would make.
    #[error(
        "cannot make the swarm yet: the clock of this host is wrong by {0}; have it set, as chrony does from 169.254.169.123"
    )]
    Clock(String),
    /// A leader's chore goes on when AWS answers, or after this long.
    #[error("cannot go on yet: AWS has not answered")]
    NotYet(Option<Duration>),
    /// The ticket.
    #[error(transparent)]
    Unpublishable(#[from] Unpublishable),
}
