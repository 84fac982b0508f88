//! One node: what it has seen, and what it does next.

mod decide;
mod decision;
mod joining;
pub mod launch;
mod observation;
mod reason;

pub use decide::decide;
pub use decision::{Action, Decision};
pub use joining::{Holder, JoinFailure};
pub use observation::Observation;
pub use reason::Reason;
