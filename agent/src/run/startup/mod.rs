//! From settings to a running agent: identity, edges, triggers.

mod ahead;
mod real;

use std::pin::pin;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{Instrument, Span, info, info_span, warn};

use super::wake::Triggers;
use super::{notices, rounds};
use crate::config::Settings;
use crate::identity;
use docker::api::Watch;
use protocol::departure::latch::Heard;
use stacks::Lead;
use view::metrics::{Metrics, Server};
use view::notify::Notify;
use view::status::boot::Trace;

pub use real::StartError;
pub(super) use real::agent;

/// Runs the agent until it is asked to stop.
pub async fn start(settings: Settings) -> Result<(), StartError> {
    let trace = Trace::start();
    let notify = Notify::with_file(&settings.runtime_dir).telling(settings.ready.listen);
    let mut stop = Stop::new().map_err(StartError::Signals)?;
    let metrics = Metrics::new(real::aws_calls);
    let _server = serve(&metrics, &settings).await;
    let cleaner = real::cleaner(&settings, &metrics);
    let docker = real::docker(&settings);
    // Connected by the time that it is asked.
    let engine = Watch::start(docker.clone());
    notify.status("reading instance metadata, notices and the ticket");
    let imds = real::client(&settings.metadata);
    let mut lookout = notices::Watch::new(imds.clone().once());
    let (tell, mut heard) = watch::channel(Heard::default());
    let met = ahead::meet(
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
    let agent = agent.with_metrics(&metrics).with_disk(cleaner.shown());
    let keeper = keeper.counting(metrics.chores());
    let memory = agent.memory.disk.folder.clone();
    tell.send_replace(lookout.heard(&memory));
    // The first round sees it: it wakes no other.
    heard.mark_unchanged();
    let span = span(&agent.context.identity);
    let mut following = pin!(notices::follow(lookout, memory, tell));
    let mut keeping = pin!(keeper.run());
    let mut cleaning = pin!(cleaner.run());
    let mut triggers = Happenings {
        engine,
        heard,
        stacks: agent.context.edges.stacks.clone(),
        stop,
    };
    let rounds = async {
        info!(version = env!("CARGO_PKG_VERSION"), "agent started");
        tokio::select! {
            () = rounds::run(agent, &mut triggers, &notify) => {}
            () = &mut following => {}
            () = &mut keeping => {}
            () = &mut cleaning => {}
        }
        info!("agent stopped; the node stays in the swarm");
    };
    rounds.instrument(span).await;
    Ok(())
}

fn span(node: &identity::InstanceIdentity) -> Span {
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
