//! The agent with everything real around it.

use thiserror::Error;
use tokio::sync::watch;

use crate::config::{MetadataSettings, Settings};
use crate::identity::{self, IdentifyError, Waiter};
use crate::run::agent::Agent;
use crate::run::cleaner::{self, Cleaner, Statvfs};
use crate::run::edges::{Edges, Outside};
use crate::run::keeper;
use aws::fleet::Ec2;
use aws::imds::Imds;
use aws::lifecycle::AutoScaling;
use aws::parameter_store::Ssm;
use aws::{Access, Aws};
use docker::api::Docker;
use docker::probe::NetworkProbe;
use host::clock::BootClock;
use host::random::Dice;
use host::state_folder::StateError;
use protocol::departure::latch::Heard;
use stacks::Keeper;
use view::metrics::{AwsCalls, Metrics};

/// Why the agent did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The node cannot tell who it is.
    #[error(transparent)]
    Identify(#[from] IdentifyError),
    /// The state folder cannot be used.
    #[error(transparent)]
    Memory(#[from] StateError),
    /// The process cannot watch for signals.
    #[error("cannot watch for signals: {0}")]
    Signals(std::io::Error),
}

/// AWS, this host's engine and network.
pub(in crate::run) struct Real;

impl Outside for Real {
    type Store = Ssm;
    type Fleet = Ec2;
    type Lifecycle = AutoScaling;
    type Engine = Docker;
    type Probe = NetworkProbe;
    type Clock = BootClock;
    type Chance = Dice;
}

/// The agent of this node, for a verb that does one thing with it.
pub(in crate::run) async fn agent(settings: Settings) -> Result<Agent<Real>, StartError> {
    let imds = client(&settings.metadata);
    let access = Access::new(&imds, &settings.aws.client).ahead();
    let aws = |region: &str| access.within(region, &settings.aws.client);
    let node = identity::look(&imds, |region| Ec2::new(&aws(region)), &settings).await?;
    let aws = aws(&node.region);
    let (_, heard) = watch::channel(Heard::default());
    let (agent, _) = assemble(node, &aws, docker(&settings), settings, heard)?;
    Ok(agent)
}

pub(super) fn docker(settings: &Settings) -> Docker {
    let socket = settings.host_path(&settings.engine.socket);
    Docker::new(&socket, &settings.runtime_dir)
}

pub(super) fn assemble(
    node: identity::InstanceIdentity,
    aws: &Aws,
    docker: Docker,
    settings: Settings,
    heard: watch::Receiver<Heard>,
) -> Result<(Agent<Real>, Keeper<keeper::Real>), StateError> {
    let (stacks, line) = stacks::line();
    let keeper = keeper::keeper(&node, aws, &docker, &settings, line);
    let edges: Edges<Real> = Edges {
        store: Ssm::new(aws, node.kms_key.clone()),
        fleet: Ec2::new(aws),
        lifecycle: AutoScaling::new(aws),
        heard,
        stacks,
        engine: docker,
        probe: NetworkProbe,
        clock: BootClock,
        chance: Dice,
    };
    Ok((Agent::new(node, settings, edges)?, keeper))
}

pub(super) fn client(settings: &MetadataSettings) -> Imds {
    Imds::new(settings.base(), settings.request_timeout, settings.budget)
}

/// Who this node is, however long its tags take.
pub(super) async fn identify(
    imds: &Imds,
    settings: &Settings,
    waiter: &mut impl Waiter,
) -> Result<(identity::InstanceIdentity, Aws), IdentifyError> {
    let access = Access::new(imds, &settings.aws.client).ahead();
    let aws = |region: &str| access.within(region, &settings.aws.client);
    let ec2 = |region: &str| Ec2::new(&aws(region));
    let node = identity::identify(imds, ec2, settings, waiter).await?;
    let aws = aws(&node.region);
    Ok((node, aws))
}

/// Who keeps the disk of this host's engine from filling, by calls of its own.
pub(super) fn cleaner(
    settings: &Settings,
    metrics: &Metrics,
) -> Cleaner<Docker, Statvfs, BootClock, Dice> {
    let edges = cleaner::Edges {
        store: docker(settings),
        rooms: Statvfs,
        clock: BootClock,
        chance: Dice,
    };
    Cleaner::new(edges, settings, metrics)
}

/// The calls to AWS so far, as they are shown.
pub(super) fn aws_calls() -> AwsCalls {
    let counts = aws::CALLS.counts();
    let sent = counts.sent.into_iter();
    let failed = counts.failed.into_iter();
    AwsCalls {
        sent: sent
            .map(|(call, count)| (call.service, call.operation, count))
            .collect(),
        failed: failed
            .map(|((call, kind), count)| (call.service, call.operation, kind, count))
            .collect(),
        clock_offset: counts.clock_offset,
    }
}
