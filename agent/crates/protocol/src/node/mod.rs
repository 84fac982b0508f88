//! One node: what it knows, and what it does next.
//!
//! `state` is all that it knows, `files` what of it is on disk, `event` what it can learn, `learn` how that is folded in, `seen` the facts of one moment
//! with their ages, `decide` the one step that follows from them.

mod decide;
mod decision;
mod departing;
mod engine_cache;
mod event;
mod files;
mod joining;
pub mod launch;
mod launching;
mod learn;
mod observation;
mod progress;
mod readiness;
mod reason;
mod saving;
mod seen;
mod state;
mod times;

pub use decide::decide;
pub use decision::{Action, Asked, Decision, Joining, OwnEntry, Said};
pub use event::{Act, DepartureEvent, Event, LaunchEvent};
pub use files::{Acts, File, FileName, Files, Nonces};
pub use joining::{Holder, JoinFailure};
pub use launching::LaunchCall;
pub use observation::Observation;
pub use readiness::Readiness;
pub use reason::Reason;
pub use state::{Next, Node, Own, Policy, Step};
pub use times::TimeOf;
pub(crate) use times::{Retime, series, stamp};
