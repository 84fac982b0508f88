//! The protocol, pure: facts in, one decision out. No clock, no I/O.

pub mod addressing;
mod availability;
mod cluster_name;
mod decide;
mod decision;
mod engine_state;
mod epoch;
mod fleet;
mod joining;
mod memory;
mod observation;
pub mod pace;
pub mod promotion;
pub mod reaping;
mod reason;
mod recovery;
mod register;
mod role;
mod standing;
mod ticket;

pub use availability::Availability;
pub use cluster_name::{ClusterName, InvalidClusterName};
pub use decide::decide;
pub use decision::{Action, Decision};
pub use engine_state::{Control, EngineState, Identity, Kind, Member, Origin};
pub use epoch::Epoch;
pub use fleet::{Fleet, Life, Whereabouts};
pub use joining::{Holder, JoinFailure};
pub use memory::{Membership, Peer};
pub use observation::{Observation, Reading, Trouble};
pub use reason::Reason;
pub use recovery::{Recovery, RecoveryMode};
pub use register::{Claim, Outcome, Registers};
pub use role::{Role, UnknownRole};
pub use standing::{ProbeAnswer, Probed, Standing, Verdict, Word, verdict};
pub use ticket::{JoinToken, Ticket, TicketError, TokenKind};
