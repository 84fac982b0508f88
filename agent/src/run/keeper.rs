//! The stacks of this cluster, with everything real around them.

use super::names::Names;
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use aws::Aws;
use aws::depot::AwsDepot;
use aws::parameter_store::Ssm;
use docker::api::Docker;
use docker::stacks::{Cli, Place};
use host::clock::BootClock;
use host::command::Host;
use host::random::Dice;
use protocol::Role;
use stacks::{Edges, FOLDER, Keeper, Outside, Rules, Shown};

/// AWS and this host's engine.
pub(super) struct Real;

impl Outside for Real {
    type Store = Ssm;
    type Docker = Cli;
    type Depot = AwsDepot;
    type Clock = BootClock;
    type Chance = Dice;
}

/// Who keeps the stacks of the node's cluster, at the end of that line.
pub(super) fn keeper(
    node: &InstanceIdentity,
    aws: &Aws,
    docker: &Docker,
    settings: &Settings,
    line: Shown,
) -> Keeper<Real> {
    let rules = rules(node, settings);
    let edges = Edges {
        store: Ssm::new(aws, None),
        docker: Cli::new(docker.clone(), place(&rules, settings), Host),
        depot: AwsDepot::new(aws, node.account.as_deref()),
        clock: BootClock,
        chance: Dice,
    };
    Keeper::new(edges, rules, line)
}

/// What a stack's file can refer to is the cluster's name and region.
fn rules(node: &InstanceIdentity, settings: &Settings) -> Rules {
    let names = Names::new(&settings.aws.parameter_prefix, &node.cluster);
    Rules {
        stacks: names.stacks(),
        registries: names.registries(),
        folder: settings.host_path(FOLDER),
        manages: node.role == Role::Manager,
        refresh: settings.swarm.stacks_refresh,
        resolve: settings.swarm.stacks_resolve_image,
        variables: vec![
            ("SWARMLET_CLUSTER", node.cluster.to_string()),
            ("SWARMLET_REGION", node.region.clone()),
        ],
    }
}

/// Where Docker's command runs.
fn place(rules: &Rules, settings: &Settings) -> Place {
    Place {
        socket: settings.host_path(&settings.engine.socket),
        own: settings.runtime_dir.join("docker"),
        files: rules.folder.clone(),
        variables: rules.variables.clone(),
    }
}
