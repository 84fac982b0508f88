//! The protocol, pure: facts in, one decision out. No clock, no I/O.

pub mod addressing;
mod cluster_name;
mod decide;
mod decision;
mod epoch;
mod observation;
pub mod pace;
pub mod promotion;
mod register;
mod role;
mod ticket;

pub use cluster_name::{ClusterName, InvalidClusterName};
pub use decide::decide;
pub use decision::{Action, Decision, Reason};
pub use epoch::Epoch;
pub use observation::{
    Control, EngineState, Holder, JoinFailure, Member, Membership, Observation, Origin,
    ProbeAnswer, Probed, Reading, Trouble,
};
pub use register::{Claim, Outcome, Registers};
pub use role::{Role, UnknownRole};
pub use ticket::{JoinToken, Ticket, TicketError};
