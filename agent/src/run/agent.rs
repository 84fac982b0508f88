//! The agent of one node: its parts, and how a round goes through them.

use std::time::Duration;

use ipnet::Ipv4Net;
use tokio::sync::watch;

use super::busy::Busy;
use super::chores::Leader;
use super::context::Context;
use super::edges::{Edges, Now, Outside};
use super::error::StepError;
use super::memory::Memory;
use super::recorder::{Recorder, Sources};
use super::steps;
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use aws::CloudError;
use host::clock::Clock;
use host::state_folder::StateError;
use protocol::Decision;
use protocol::node::Readiness;
use protocol::pace::Gaps;
use view::metrics::Metrics;
use view::status::Status;
use view::status::boot::Trace;
use view::status::disk::Disk;

/// A leader's round that has failed is followed by the next one no sooner, whatever other chores there are.
const LEAST: Duration = Duration::from_secs(1);

/// The agent of one node.
pub struct Agent<O: Outside> {
    pub(super) context: Context<O>,
    pub(super) memory: Memory,
    pub(super) chores: Leader,
    /// AWS had too many requests.
    pub(super) busy: Busy,
    pub(super) recorder: Recorder,
}

impl<O: Outside> Agent<O> {
    /// An agent that remembers what this instance's state folder holds.
    pub fn new(
        identity: InstanceIdentity,
        settings: Settings,
        edges: Edges<O>,
    ) -> Result<Self, StateError> {
        let (now, boot) = (edges.now(), edges.clock.boot());
        let memory = Memory::recall(&identity, &settings, boot, now)?;
        Ok(Self {
            context: Context::new(identity, settings, edges),
            memory,
            chores: Leader::default(),
            busy: Busy::default(),
            recorder: Recorder::default(),
        })
    }

    /// The same agent, in a VPC of these address blocks.
    #[must_use]
    pub fn in_vpc(mut self, vpc_cidrs: Vec<Ipv4Net>) -> Self {
        self.context.vpc_cidrs = vpc_cidrs;
        self
    }

    /// The same agent, which counts there.
    #[must_use]
    pub fn with_metrics(mut self, metrics: &Metrics) -> Self {
        self.recorder.count_in(metrics, &self.context.identity);
        self.chores.count_in(metrics);
        self
    }

    /// The same agent, which shows how the engine's disk stands.
    #[must_use]
    pub(crate) fn with_disk(mut self, disk: watch::Receiver<Option<Disk>>) -> Self {
        self.recorder.disk = Some(disk);
        self
    }

    /// The same agent, which goes on with what was written down of its start.
    #[must_use]
    pub(crate) fn with_trace(mut self, trace: Trace) -> Self {
        self.recorder.trace = trace;
        self
    }

    /// Reads before the first round what it will ask for whatever else it sees.
    pub(super) async fn look_ahead(&mut self) {
        steps::look_ahead(&self.context, &mut self.memory).await;
    }

    /// What load balancers are to hear of this node.
    pub(super) fn readiness(&self) -> Option<Readiness> {
        self.memory.node.readiness()
    }

    /// Tells the group of the launch what is due; says when to look again.
    pub(super) async fn tell_launch(&mut self) -> Option<Duration> {
        self.settle_departure();
        steps::tell_launch(&self.context, &mut self.memory).await
    }

    /// How long to pause after so many failures in a row, where no other chore goes on sooner. What was refused for too many requests is held on its own:
    /// the pause is until the first of it may be asked again.
    pub(super) fn pause_after(&self, error: &StepError, failures: u32) -> Duration {
        let now = self.context.edges.now();
        let held = [
            self.busy.left(now),
            self.chores.held(now),
            self.memory.node.instances().held(now),
        ];
        let soonest = held.into_iter().flatten().min();
        let gap = match error {
            StepError::Cloud(CloudError::Throttled { .. }) => soonest,
            _ => None,
        };
        let gap = gap.unwrap_or(Gaps::TROUBLE.after(failures));
        let again = self.chores.outcomes.again.map(|again| again.max(LEAST));
        again.map_or(gap, |again| again.min(gap))
    }

    /// Every round counts.
    pub(super) fn count(&self, decision: &Decision) {
        let edges = &self.context.edges;
        self.recorder.count(decision, self.sources(), edges);
    }

    /// All that is shown of this node.
    pub(super) fn status(&self, decision: &Decision) -> Status {
        let edges = &self.context.edges;
        let stacks = edges.stacks.overview();
        self.recorder
            .status(decision, self.sources(), stacks, edges)
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            identity: &self.context.identity,
            node: &self.memory.node,
            leader: &self.chores,
        }
    }
}
