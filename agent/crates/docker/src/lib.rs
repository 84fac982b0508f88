//! Docker as the agent sees it.

pub mod api;
pub mod certificate;
pub mod daemon_flags;
pub mod daemon_json;
mod digest;
mod engine;
mod error;
pub mod install;
pub mod listing;
pub mod pools;
pub mod probe;
pub mod routes;
pub mod sentences;
pub mod stacks;
pub mod store;

pub use engine::{Engine, InitRequest, NodeList};
pub use error::EngineError;
