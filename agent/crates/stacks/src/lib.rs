//! What runs on the swarm: stacks that are kept deployed from files, Parameter Store and S3, with the
//! passwords of their registries.
//!
//! A task of its own beside the agent's rounds, which is at work while this node leads: a registry that
//! does not answer holds up a deployment for minutes, and nothing else. The decision is `protocol::stacks`;
//! `docker::stacks` is Docker's side, `compose` is what a stack's file says.

mod compose;
mod deploy;
mod facts;
mod fetch;
mod keeper;
mod lead;
mod left;
mod logins;
mod memory;
mod password;
mod show;
mod sources;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use aws::depot::Depot;
use aws::parameter_store::ParameterStore;
use docker::stacks::Stacks;
use host::clock::Clock;
use host::random::Chance;
use protocol::Moment;
use protocol::stacks::ResolveImage;

pub use keeper::Keeper;
pub use lead::{Lead, Overview, Shown, line};

/// Where a manager's own files are.
pub const FOLDER: &str = "/etc/swarmlet/stacks";

/// The kinds of everything outside that stacks are kept by.
pub trait Outside {
    /// Parameter Store.
    type Store: ParameterStore;
    /// Docker's stacks.
    type Docker: Stacks;
    /// S3 and ECR.
    type Depot: Depot;
    /// The wall clock.
    type Clock: Clock;
    /// What keeps leaders of several clusters from moving in step.
    type Chance: Chance;
}

/// Everything outside that stacks are kept by, each behind its trait.
pub struct Edges<O: Outside> {
    /// Parameter Store.
    pub store: O::Store,
    /// Docker's stacks.
    pub docker: O::Docker,
    /// S3 and ECR.
    pub depot: O::Depot,
    /// The wall clock.
    pub clock: O::Clock,
    /// Lots.
    pub chance: O::Chance,
}

impl<O: Outside> Edges<O> {
    /// The present moment.
    fn now(&self) -> Moment {
        self.clock.moment(self.chance.lot())
    }
}

/// What the settings and the cluster's name say of stacks.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The parameters that stacks are below.
    pub stacks: String,
    /// The parameters that the passwords of registries are below.
    pub registries: String,
    /// This manager's own files.
    pub folder: PathBuf,
    /// Whether this node is to be a manager.
    pub manages: bool,
    /// Between looks at the sources.
    pub refresh: Duration,
    /// Which images Docker looks up.
    pub resolve: ResolveImage,
    /// What a stack's file can refer to as a variable.
    pub variables: Vec<(&'static str, String)>,
}
