//! The dashboard: a page that shows the swarm, kept up to date by server-sent events.
//!
//! It only tells. What it serves is the view that [`Source`] gathers and the files of the page;
//! nothing of the engine's API passes through it.

mod feed;
mod page;
mod routes;
mod source;
mod start;
#[cfg(test)]
mod tests;

pub use source::Source;
pub use start::{DashboardError, Listen, password, serve, start};
