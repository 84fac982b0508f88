//! Makes a Docker Swarm assemble and heal itself on EC2.
//!
//! The crate `protocol` decides (pure), `aws` and `docker` are AWS and Docker as the agent sees
//! them, `run` observes, asks for a decision and acts on it. `docs/` has the protocol.
// It panics where nobody reads.
#![warn(clippy::print_stderr)]

pub mod cli;
pub mod config;
pub mod doctor;
#[cfg(test)]
mod documentation_tests;
pub mod identity;
pub mod prepare;
pub mod run;
