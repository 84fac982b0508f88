//! Readies a host for the engine: identity, host name, packages, settings, service.
//!
//! Every step looks before it acts, so that on a prepared host all of it takes milliseconds,
//! and after a crash the next run goes on where it has to.

mod announce;
mod clone;
mod engine;
mod error;
mod hostname;
mod name;
mod service;
mod shared;
mod start;
#[cfg(test)]
mod tests;
mod waiting;

use ipnet::Ipv4Net;

use crate::command::Runner;
use crate::config::Settings;
use crate::node::Node;

pub use announce::announce;
pub use error::PrepareError;
pub use start::start;

/// Readies the host that `node` runs on, in a VPC of these address blocks. `is_shared` finds out whether
/// another instance of the cluster has its `Name`.
pub async fn prepare(
    node: &Node,
    vpc_cidrs: &[Ipv4Net],
    settings: &Settings,
    runner: &impl Runner,
    is_shared: impl AsyncFnOnce(&Node) -> bool,
) -> Result<(), PrepareError> {
    clone::evict(&node.instance_id, settings, runner).await?;
    let renamed =
        settings.node.hostname && hostname::settle(node, settings, runner, is_shared).await?;
    // The file comes before the engine, which then starts with it and needs no restart.
    let changed = engine::configure(node, vpc_cidrs, settings)?;
    engine::install(settings, runner).await?;
    service::settle(settings, runner, renamed || changed).await
}
