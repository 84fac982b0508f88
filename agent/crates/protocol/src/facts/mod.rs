//! What is known: of this node, of its swarm, of what Parameter Store and EC2 say.

pub mod addressing;
pub mod admission;
mod availability;
mod cluster_name;
pub mod date;
mod engine_state;
mod epoch;
mod fleet;
pub mod groups;
pub mod hooks;
mod instance;
mod instance_id;
pub mod instances;
pub mod labels;
mod membership;
mod node_entry;
mod node_record;
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
pub use engine_state::{
    Bound, Control, EngineState, Failure, Identity, Kind, Member, Origin, Validity,
};
pub use epoch::Epoch;
pub use fleet::{Fleet, Life, Whereabouts};
pub use instance::Instance;
pub use instance_id::is_instance_id;
pub use instances::{BATCH, Here, Instances, Reply};
pub use membership::{Membership, Peer};
pub use node_entry::{ManagerEntry, NodeChange, NodeEntry};
pub use node_record::NodeRecord;
pub use recovery::{Recovery, RecoveryMode};
pub use registers::{Claim, Outcome, Registers};
pub use role::{Role, UnknownRole};
pub use standing::{ProbeAnswer, Probed, Standing, Verdict, Word, leaderless, verdict};
pub use swarm::{SWARM_PORT, Swarm, Tasks};
pub use ticket::{JoinToken, Ticket, TicketError, TokenKind};
pub use told::{Facts, Told};
