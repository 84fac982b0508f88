//! Clusters that can be typed.

use std::time::Duration;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use lab::{Cluster, ClusterSpec, Lab, ProtectedInstances, RefreshSpec};

use super::{ImageArg, MachineArg, RoleArg, Switch, show};

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterVerb {
    /// Launch one.
    Create {
        /// Its name.
        name: String,
        /// 1, 3 or 5.
        #[arg(long, default_value_t = 3)]
        managers: u32,
        /// How many workers.
        #[arg(long, default_value_t = 3)]
        workers: u32,
        /// With Docker, without, Debian 12 with its Docker 20.10, or Debian's testing with its newer one.
        #[arg(long, value_enum, default_value_t)]
        image: ImageArg,
        /// Containers, or virtual machines with a kernel of their own.
        #[arg(long, value_enum, default_value_t)]
        machine: MachineArg,
        /// Whether the metadata service shows the tags.
        #[arg(long, value_enum, default_value_t)]
        metadata_tags: Switch,
        /// A file of user data, for an image with cloud-init.
        #[arg(long, value_name = "FILE", value_parser = super::user_data)]
        user_data: Option<String>,
        /// Seconds for a new instance to say that it has joined, before it is replaced; no launching hook if not given.
        #[arg(long)]
        launching_hook: Option<u64>,
        /// Seconds that a leaving instance waits between two heartbeats, before it ends; no terminating hook if not given.
        #[arg(long)]
        terminating_hook: Option<u64>,
    },
    /// Set how many instances one of its groups has.
    Scale {
        /// Its name.
        name: String,
        /// Which group.
        #[arg(value_enum)]
        role: RoleArg,
        /// How many.
        count: u32,
    },
    /// Replace all instances of one of its groups, and wait until that is done.
    Refresh {
        /// Its name.
        name: String,
        /// Which group.
        #[arg(value_enum)]
        role: RoleArg,
        /// At least this percentage stays healthy.
        #[arg(long, default_value_t = 100)]
        min_healthy: u8,
        /// No more than this percentage is there; above 100 new ones are launched first.
        #[arg(long, default_value_t = 110)]
        max_healthy: u8,
        /// Seconds in service before a new instance counts as healthy; the lab's own haste if not given.
        #[arg(long, default_value_t = 0, conflicts_with = "own_warmup")]
        warmup: u64,
        /// As the group itself says, as where AWS is not told: its default warm-up, or else its grace period.
        #[arg(long)]
        own_warmup: bool,
        /// What becomes of instances that are protected from scale-in.
        #[arg(long, value_enum, default_value_t)]
        protected: ProtectedArg,
        /// For how many seconds at most.
        #[arg(long, default_value_t = 600)]
        limit: u64,
    },
    /// Wait until its swarm is whole, show what its machines say meanwhile, then list the nodes.
    Wait {
        /// Its name.
        name: String,
        /// For how many seconds at most.
        #[arg(long, default_value_t = 180)]
        limit: u64,
    },
    /// Delete it with all of its machines.
    Delete {
        /// Its name.
        name: String,
    },
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum ProtectedArg {
    /// Waited for until they are protected no more, for an hour.
    #[default]
    Wait,
    /// Left as they are.
    Ignore,
    /// Replaced as all others.
    Refresh,
}

impl From<ProtectedArg> for ProtectedInstances {
    fn from(protected: ProtectedArg) -> Self {
        match protected {
            ProtectedArg::Wait => Self::Wait,
            ProtectedArg::Ignore => Self::Ignore,
            ProtectedArg::Refresh => Self::Refresh,
        }
    }
}

/// Does what was typed.
pub(super) fn run(lab: &Lab, verb: ClusterVerb) -> Result<()> {
    match verb {
        ClusterVerb::Create {
            name,
            managers,
            workers,
            image,
            machine,
            metadata_tags,
            user_data,
            launching_hook,
            terminating_hook,
        } => {
            let spec = ClusterSpec {
                image: machine.image(image)?,
                metadata_tags: metadata_tags == Switch::Enabled,
                user_data,
                launching_hook: launching_hook.map(Duration::from_secs),
                terminating_hook: terminating_hook.map(Duration::from_secs),
                ..ClusterSpec::new(&name, managers, workers)
            };
            Cluster::create(lab, &spec).map(drop)
        }
        ClusterVerb::Scale { name, role, count } => {
            Cluster::named(lab, &name).scale(role.into(), count)
        }
        ClusterVerb::Refresh {
            name,
            role,
            min_healthy,
            max_healthy,
            warmup,
            own_warmup,
            protected,
            limit,
        } => {
            let cluster = Cluster::named(lab, &name);
            let spec = RefreshSpec {
                min_healthy_percent: min_healthy,
                max_healthy_percent: max_healthy,
                warmup: (!own_warmup).then(|| Duration::from_secs(warmup)),
                protected: protected.into(),
            };
            let id = cluster.start_refresh(role.into(), &spec)?;
            cluster.wait_refresh(role.into(), &id, Duration::from_secs(limit))
        }
        ClusterVerb::Wait { name, limit } => {
            let nodes = Cluster::named(lab, &name).wait_whole(Duration::from_secs(limit))?;
            show::nodes(&nodes)
        }
        ClusterVerb::Delete { name } => Cluster::named(lab, &name).delete(),
    }
}
