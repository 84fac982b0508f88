//! What is known: of this node, of its swarm, of what Parameter Store and EC2 say.

pub mod addressing;
mod availability;
mod cluster_name;
pub mod date;
mod engine_state;
mod epoch;
mod fleet;
mod instance;
mod instances;
pub mod labels;
mod membership;
mod node_entry;
mod recovery;
mod registers;
mod role;
mod standing;
mod swarm;
pub mod tags;
mod ticket;
mod told;

pub use availability::Availability;
pub use cluster_name::{ClusterName, InvalidClusterName};
pub use engine_state::{Control, EngineState, Identity, Kind, Member, Origin};
pub use epoch::Epoch;
pub use fleet::{Fleet, Life, Whereabouts};
pub use instance::Instance;
pub use instances::{BATCH, Here, Instances, Reply};
pub use membership::{Membership, Peer};
pub use node_entry::{ManagerEntry, NodeChange, NodeEntry};
pub use recovery::{Recovery, RecoveryMode};
pub use registers::{Claim, Outcome, Registers};
pub use role::{Role, UnknownRole};
pub use standing::{ProbeAnswer, Probed, Standing, Verdict, Word, leaderless, verdict};
pub use swarm::{SWARM_PORT, Swarm, Tasks};
pub use ticket::{JoinToken, Ticket, TicketError, TokenKind};
pub use told::{Facts, Told};
