//! Readies a host for the engine: identity, host name, packages, settings, service.
//!
//! Every step looks before it acts, so that on a prepared host all of it takes milliseconds,
//! and after a crash the next run goes on where it has to.

mod announce;
mod clear;
mod clone;
mod daemon_json;
mod engine;
mod error;
mod folders;
mod hostname;
mod labels;
mod launch;
mod mend;
mod name;
mod packages;
mod refusal;
mod remove;
mod service;
mod shared;
mod start;
#[cfg(test)]
mod tests;
mod waiting;

use ipnet::Ipv4Net;
use refusal::Verdict;

use crate::config::Settings;
use crate::identity::InstanceIdentity;
use crate::run::Clock;
use aws::lifecycle::Lifecycle;
use host::command::Runner;

pub use announce::announce;
pub use clear::clear_swarm;
pub use error::PrepareError;
pub use labels::withdraw;
pub use mend::{failed, started};
pub use start::start;

/// What preparing asks outside of the host's files.
pub struct Edges<R, S, C, N> {
    /// Runs the host's programs.
    pub runner: R,
    /// Makes Auto Scaling's client, where it is needed.
    pub scaling: S,
    /// How long the host has been up.
    pub clock: C,
    /// Finds out whether another instance of the cluster has the node's `Name`.
    pub is_shared: N,
}

/// Readies the host that `node` runs on, in a VPC of these address blocks.
pub async fn prepare<L: Lifecycle>(
    node: &InstanceIdentity,
    vpc_cidrs: &[Ipv4Net],
    settings: &Settings,
    edges: Edges<
        &impl Runner,
        impl FnOnce() -> L,
        &impl Clock,
        impl AsyncFnOnce(&InstanceIdentity) -> bool,
    >,
) -> Result<(), PrepareError> {
    let Edges {
        runner,
        scaling,
        clock,
        is_shared,
    } = edges;
    clone::evict(&node.instance_id, settings, runner).await?;
    let renamed =
        settings.node.hostname && hostname::settle(node, settings, runner, is_shared).await?;
    let installed = packages::engine(settings, runner);
    launch::meanwhile(installed, node, settings, scaling, clock).await?;
    // After the packages, which may bring flags along, and before the engine's first start: they start nothing.
    let verdict = engine::configure(node, vpc_cidrs, settings, runner).await?;
    let changed = renamed || verdict == Verdict::Changed;
    service::settle(settings, runner, changed).await?;
    match verdict {
        Verdict::Refused(cause) => Err(PrepareError::Refused(cause)),
        Verdict::Same | Verdict::Changed => Ok(()),
    }
}

/// What a host can do without, when its engine has been started.
pub(super) async fn complete(settings: &Settings, runner: &impl Runner) {
    packages::compose(settings, runner).await;
}
