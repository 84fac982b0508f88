//! The shell around the decision: observe, decide, act, look again.
//!
//! Level-triggered: no step knows which one came before it. What happened is learnt by
//! looking, so a crash, a lost answer or a restarted engine needs no case of its own.
//!
//! `agent` owns the parts: what does not change, with all that is outside (`context`), the node and its disk (`memory`), the
//! leader's chores (`chores`), and what is told (`recorder`). `rounds` is its loop and `round` one time through it, `steps` has
//! a function an action, `executor` is all that is done outside of this process.

mod agent;
mod busy;
mod chores;
mod cleaner;
mod consent;
mod context;
mod edges;
mod error;
mod executor;
mod keeper;
mod lane;
mod lanes;
mod memory;
mod names;
mod notices;
mod own;
mod recorder;
mod request;
mod round;
mod rounds;
mod startup;
mod steps;
#[cfg(test)]
mod tests;
mod token;
mod waits;
mod wake;

pub use agent::Agent;
pub use consent::{ConsentError, consent};
pub use edges::{Edges, Outside};
pub use error::StepError;
pub use host::clock::{BootClock, Clock};
pub use host::random::{Chance, Dice};
pub use own::OwnError;
pub use request::{RequestError, activate, drain, leave};
pub use rounds::run;
pub use startup::{StartError, start};
pub use token::{RotateError, rotate_tokens};
pub use wake::Triggers;

pub(crate) use names::Names;
