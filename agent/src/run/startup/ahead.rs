//! What is asked for before the first round: all of it at once.

use ipnet::Ipv4Net;
use tokio::sync::watch;
use tokio::time::Instant;

use super::real::{Real, StartError, assemble, identify};
use crate::config::Settings;
use crate::identity::{self, IdentifyError};
use crate::run::agent::Agent;
use crate::run::executor::look;
use crate::run::waits::{self, Waiting};
use crate::run::{keeper, notices};
use aws::imds::Imds;
use docker::api::Docker;
use host::clock::{BootClock, Clock};
use protocol::Role;
use protocol::departure::latch::Heard;
use protocol::node::Event;
use stacks::Keeper;
use view::notify::Notify;
use view::status::boot::Trace;
use view::status::failure::Failure;

/// An agent that knows what its first rounds need, and when it learnt that.
pub(super) struct Met {
    agent: Agent<Real>,
    keeper: Keeper<keeper::Real>,
    begun: Instant,
    identified: Instant,
    read: Instant,
    noticed: Instant,
    looked: Instant,
}

/// Asks who this node is and, as soon as that is known, for the ticket; for notices, since an instance
/// on its way out does not join; and how the engine is, if it is up.
pub(super) async fn meet(
    imds: &Imds,
    lookout: &mut notices::Watch<Imds>,
    docker: Docker,
    settings: Settings,
    heard: watch::Receiver<Heard>,
    notify: &Notify,
) -> Result<Met, StartError> {
    let begun = Instant::now();
    let engine = docker.clone();
    let known = async {
        waits::for_prepare(&settings.runtime_dir, notify).await;
        known(imds, docker, settings, heard, notify).await
    };
    let noticing = async {
        lookout.ask().await;
        Instant::now()
    };
    let looking = async {
        let state = look::at_once(&engine).await;
        (state, Instant::now(), BootClock.moment(0))
    };
    let (known, noticed, (state, looked, at)) = tokio::join!(known, noticing, looking);
    let (mut agent, keeper, identified, read) = known?;
    agent.memory.node.learn(Event::Engine(state), at);
    // Tags that metadata does not show may take a while.
    if noticed.elapsed() > notices::EVERY {
        lookout.ask().await;
    }
    Ok(Met {
        agent,
        keeper,
        begun,
        identified,
        read,
        noticed,
        looked,
    })
}

/// The agent of this node, with its ticket; when it knew itself, and when the ticket.
async fn known(
    imds: &Imds,
    docker: Docker,
    settings: Settings,
    heard: watch::Receiver<Heard>,
    notify: &Notify,
) -> Result<(Agent<Real>, Keeper<keeper::Real>, Instant, Instant), StartError> {
    let mut waiting = Waiting::new(&settings.runtime_dir, notify);
    let (node, aws) = identify(imds, &settings, &mut waiting).await?;
    drop(waiting);
    let identified = Instant::now();
    Failure::forget(&settings.runtime_dir);
    let role = node.role;
    let (mut agent, keeper) = assemble(node, &aws, docker, settings, heard)?;
    let (vpc, ()) = tokio::join!(vpc(imds, role), agent.look_ahead());
    Ok((agent.in_vpc(vpc?), keeper, identified, Instant::now()))
}

/// A worker chooses no pool.
async fn vpc(imds: &Imds, role: Role) -> Result<Vec<Ipv4Net>, IdentifyError> {
    match role {
        Role::Manager => identity::vpc_cidrs(imds).await,
        Role::Worker => Ok(Vec::new()),
    }
}

impl Met {
    /// The agent, which goes on with what is written down of its start, and who keeps stacks beside it.
    pub(super) fn traced(self, mut trace: Trace) -> (Agent<Real>, Keeper<keeper::Real>) {
        trace.between("identify", self.begun, self.identified);
        trace.between("ticket", self.identified, self.read);
        trace.between("notices", self.begun, self.noticed);
        trace.between("look at the engine", self.begun, self.looked);
        (self.agent.with_trace(trace), self.keeper)
    }
}
