//! From settings to a running agent: identity, edges, triggers.

use std::pin::pin;

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{Instrument, Span, info, info_span, warn};

use super::keeper;
use super::meet::meet;
use super::{Agent, BootClock, Dice, Edges, MemoryError, Outside, Triggers, notices, rounds};
use crate::config::{MetadataSettings, Settings};
use crate::node::{self, IdentifyError, Waiter};
use aws::fleet::Ec2;
use aws::imds::Imds;
use aws::lifecycle::AutoScaling;
use aws::parameter_store::Ssm;
use aws::{Access, Aws};
use docker::api::{Docker, Watch};
use docker::probe::NetworkProbe;
use protocol::departure::latch::Heard;
use stacks::{Keeper, Lead};
use view::metrics::{AwsCalls, Metrics, Server};
use view::notify::Notify;
use view::status::boot::Trace;

/// Why the agent did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The node cannot tell who it is.
    #[error(transparent)]
    Identify(#[from] IdentifyError),
    /// The state folder cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The process cannot watch for signals.
    #[error("cannot watch for signals: {0}")]
    Signals(std::io::Error),
}

/// AWS, this host's engine and network.
pub(super) struct Real;

impl Outside for Real {
    type Store = Ssm;
    type Fleet = Ec2;
    type Lifecycle = AutoScaling;
    type Engine = Docker;
    type Probe = NetworkProbe;
    type Clock = BootClock;
    type Chance = Dice;
}

/// Runs the agent until it is asked to stop.
pub async fn start(settings: Settings) -> Result<(), StartError> {
    let trace = Trace::start();
    let notify = Notify::with_file(&settings.runtime_dir);
    let mut stop = Stop::new().map_err(StartError::Signals)?;
    let metrics = Metrics::new(aws_calls);
    let _server = serve(&metrics, &settings).await;
    let docker = docker(&settings);
    // Connected by the time that it is asked.
    let engine = Watch::start(docker.clone());
    notify.status("reading instance metadata, notices and the ticket");
    let imds = client(&settings.metadata);
    let mut lookout = notices::Watch::new(imds.clone().once());
    let (tell, mut heard) = watch::channel(Heard::default());
    let met = meet(
        &imds,
        &mut lookout,
        docker,
        settings,
        heard.clone(),
        &notify,
    );
    let (agent, keeper) = tokio::select! {
        met = rounds::alive(&notify, met) => met?.traced(trace),
        () = stop.asked() => return Ok(()),
    };
    let agent = agent.with_metrics(&metrics);
    let keeper = keeper.counting(metrics.chores());
    let memory = agent.memory.clone();
    tell.send_replace(lookout.heard(&memory));
    // The first round sees it: it wakes no other.
    heard.mark_unchanged();
    let span = span(&agent.node);
    let mut following = pin!(notices::follow(lookout, memory, tell));
    let mut keeping = pin!(keeper.run());
    let mut triggers = Happenings {
        engine,
        heard,
        stacks: agent.edges.stacks.clone(),
        stop,
    };
    let rounds = async {
        info!(version = env!("CARGO_PKG_VERSION"), "agent started");
        tokio::select! {
            () = rounds::run(agent, &mut triggers, &notify) => {}
            () = &mut following => {}
            () = &mut keeping => {}
        }
        info!("agent stopped; the node stays in the swarm");
    };
    rounds.instrument(span).await;
    Ok(())
}

fn span(node: &node::Node) -> Span {
    info_span!("node", instance = node.instance_id, cluster = %node.cluster, role = %node.role)
}

async fn serve(metrics: &Metrics, settings: &Settings) -> Server {
    let listen = settings.metrics.listen;
    let (server, errors) = Server::start(metrics, &settings.runtime_dir, listen).await;
    for error in errors {
        // A node that cannot be counted is in its swarm all the same.
        warn!(%error, "metrics cannot be fetched");
    }
    server
}

/// The agent of this node, for a verb that does one thing with it.
pub(super) async fn agent(settings: Settings) -> Result<Agent<Real>, StartError> {
    let imds = client(&settings.metadata);
    let access = Access::new(&imds, &settings.aws.client).ahead();
    let aws = |region: &str| access.within(region, &settings.aws.client);
    let node = node::look(&imds, |region| Ec2::new(&aws(region)), &settings).await?;
    let aws = aws(&node.region);
    let (_, heard) = watch::channel(Heard::default());
    let (agent, _) = assemble(node, &aws, docker(&settings), settings, heard)?;
    Ok(agent)
}

fn docker(settings: &Settings) -> Docker {
    let socket = settings.host_path(&settings.engine.socket);
    Docker::new(&socket, &settings.runtime_dir)
}

pub(super) fn assemble(
    node: node::Node,
    aws: &Aws,
    docker: Docker,
    settings: Settings,
    heard: watch::Receiver<Heard>,
) -> Result<(Agent<Real>, Keeper<keeper::Real>), MemoryError> {
    let (stacks, line) = stacks::line();
    let keeper = keeper::keeper(&node, aws, &docker, &settings, line);
    let edges: Edges<Real> = Edges {
        store: Ssm::new(aws, settings.aws.kms_key_for(&node.cluster)),
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

fn client(settings: &MetadataSettings) -> Imds {
    Imds::new(settings.base(), settings.request_timeout, settings.budget)
}

/// Who this node is, however long its tags take.
pub(super) async fn identify(
    imds: &Imds,
    settings: &Settings,
    waiter: &mut impl Waiter,
) -> Result<(node::Node, Aws), IdentifyError> {
    let access = Access::new(imds, &settings.aws.client).ahead();
    let aws = |region: &str| access.within(region, &settings.aws.client);
    let ec2 = |region: &str| Ec2::new(&aws(region));
    let node = node::identify(imds, ec2, settings, waiter).await?;
    let aws = aws(&node.region);
    Ok((node, aws))
}

/// SIGTERM and SIGINT: a stop of the service, which is no departure.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What wakes the agent: its engine, a notice or a request, stacks that stand otherwise, and the service
/// manager.
struct Happenings {
    engine: Watch,
    heard: watch::Receiver<Heard>,
    stacks: Lead,
    stop: Stop,
}

impl Triggers for Happenings {
    async fn next(&mut self) -> Option<()> {
        tokio::select! {
            () = self.engine.happening() => Some(()),
            Ok(()) = self.heard.changed() => Some(()),
            () = self.stacks.changed() => Some(()),
            () = self.stop.asked() => None,
        }
    }
}

/// The calls to AWS so far, as they are shown.
fn aws_calls() -> AwsCalls {
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
