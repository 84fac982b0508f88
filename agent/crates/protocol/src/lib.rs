//! The protocol, pure: facts in, one decision out. No clock, no I/O.
//!
//! `facts` is what is known, `node` decides for one node, `leader` for all, `departure` is a node's way out, `stacks`
//! what runs on the swarm, `cleaning` what goes from a full disk.

pub mod cleaning;
pub mod departure;
pub mod facts;
pub mod leader;
pub mod node;
pub mod pace;
mod reading;
pub mod repeats;
pub mod stacks;
mod time;

pub use facts::{
    Availability, BATCH, Bound, Claim, ClusterName, Control, EngineState, Epoch, Facts, Failure,
    Fleet, Here, Identity, Instance, Instances, InvalidClusterName, JoinToken, Kind, Life,
    ManagerEntry, Member, Membership, NodeChange, NodeEntry, NodeRecord, Origin, Outcome, Peer,
    ProbeAnswer, Probed, Recovery, RecoveryMode, Registers, Reply, Role, SWARM_PORT, Standing,
    Swarm, Tasks, Ticket, TicketError, TokenKind, Told, UnknownRole, Validity, Verdict,
    Whereabouts, Word, addressing, date, is_instance_id, labels, leaderless, tags, verdict,
};
pub use node::{Action, Decision, Holder, JoinFailure, Observation, Reason, decide};
pub use reading::{Answer, Reading, Trouble, Turn};
pub use time::{Moment, Series, Spacing, Span, Stamp};
