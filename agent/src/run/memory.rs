//! The node, and the disk that is to hold what it may not forget.

use std::path::PathBuf;

use tracing::warn;

use super::context;
use super::edges::Now;
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use host::random;
use host::state_folder::{StateError, StateFolder};
use protocol::node::launch::Waited;
use protocol::node::{DepartureEvent, Event, File, Files, LaunchEvent, Node};
use protocol::{Action, Epoch, Moment, NodeEntry, Peer};
use view::status::launch as waited;

/// All that decisions rest on. It changes by what is learnt alone.
pub(super) struct Memory {
    pub(super) node: Node,
    pub(super) disk: Disk,
}

/// What outlives the process.
pub(super) struct Disk {
    pub(super) folder: StateFolder,
    /// Of this boot.
    runtime_dir: PathBuf,
}

impl Disk {
    /// What this instance's disk holds.
    fn of(identity: &InstanceIdentity, settings: &Settings) -> Self {
        Self {
            folder: StateFolder::new(&settings.state_dir, &identity.instance_id),
            runtime_dir: settings.runtime_dir.clone(),
        }
    }

    fn recall(&self) -> Result<Files, StateError> {
        Ok(Files {
            waited: waited::read(&self.runtime_dir),
            ..self.folder.recall()?
        })
    }

    fn save(&self, file: &File<'_>) -> Result<(), StateError> {
        if let File::Waited(waited) = file {
            self.leave_waited(*waited);
            return Ok(());
        }
        let Err(error) = self.folder.save(file) else {
            return Ok(());
        };
        if file.is_needed() {
            return Err(error);
        }
        warn!(%error, "goes on, but a restart of the agent may not know of it");
        Ok(())
    }

    /// Of this boot: for an agent that is started anew.
    fn leave_waited(&self, waited: Waited) {
        if let Err(error) = waited::leave(waited, &self.runtime_dir) {
            warn!(%error, "the heartbeat is not on record");
        }
    }
}

impl Memory {
    /// What this instance's disk holds.
    pub(super) fn recall(
        identity: &InstanceIdentity,
        settings: &Settings,
        boot: String,
        now: Moment,
    ) -> Result<Self, StateError> {
        let disk = Disk::of(identity, settings);
        let (own, policy) = (context::own(identity, boot), context::policy(settings));
        let node = Node::start(own, policy, disk.recall()?, now);
        Ok(Self { node, disk })
    }

    /// Folds in what was learnt just now.
    pub(super) fn learn(&mut self, event: Event<'_>, clock: &impl Now) {
        self.node.learn(event, clock.now());
    }

    /// The same, and has on disk what is to be there. A file that nothing waits for may fail, and is not tried again.
    pub(super) fn keep(&mut self, event: Event<'_>, clock: &impl Now) -> Result<(), StateError> {
        self.learn(event, clock);
        self.save(clock)
    }

    fn save(&mut self, clock: &impl Now) -> Result<(), StateError> {
        while let Some(file) = self.node.unsaved() {
            let name = file.name();
            self.disk.save(&file)?;
            self.learn(Event::Saved(name), clock);
        }
        Ok(())
    }

    /// A step of the departure, which goes on whatever becomes of the disk.
    pub(super) fn learn_step(&mut self, event: DepartureEvent, clock: &impl Now) {
        self.learn_departure(Event::Departure(event), clock);
    }

    /// What changes the departure is on disk at once.
    pub(super) fn learn_departure(&mut self, event: Event<'_>, clock: &impl Now) {
        if let Err(error) = self.keep(event, clock) {
            warn!(%error, "the departure goes on, but the disk does not hold what it should");
        }
    }

    /// What happens to the launch.
    pub(super) fn note_launch(&mut self, event: LaunchEvent, clock: &impl Now) {
        if let Err(error) = self.keep(Event::Launch(event), clock) {
            warn!(%error, "the launch goes on, but the disk does not hold what it should");
        }
    }

    /// What cannot be undone, on disk before it is done.
    pub(super) fn record(&mut self, action: &Action, clock: &impl Now) -> Result<(), StateError> {
        let Some(act) = self.node.act_of(action) else {
            return Ok(());
        };
        let now = clock.now();
        let acts = self.node.record_of(act, now);
        self.disk.folder.save(&File::Acts(acts))?;
        self.node.learn(Event::Recorded(act), now);
        Ok(())
    }

    /// This node's nonce of an epoch, drawn and on disk before it is used.
    pub(super) fn draw_nonce(
        &mut self,
        epoch: Epoch,
        clock: &impl Now,
    ) -> Result<String, StateError> {
        if let Some(nonce) = self.node.nonce(epoch) {
            let nonce = nonce.to_owned();
            self.save(clock)?;
            return Ok(nonce);
        }
        let nonce = random::secret();
        self.keep(Event::Nonce(epoch, nonce.clone()), clock)?;
        Ok(nonce)
    }

    /// Remembers a swarm that has been shown to be the cluster's.
    pub(super) fn remember(
        &mut self,
        swarm_id: String,
        epoch: Epoch,
        clock: &impl Now,
    ) -> Result<(), StateError> {
        match self.node.member_of(swarm_id, epoch) {
            Some(membership) => self.keep(Event::Remembered(membership), clock),
            None => Ok(()),
        }
    }

    /// Raft's members, on disk: without a leader nobody can tell who they were.
    pub(super) fn remember_peers(
        &mut self,
        nodes: &[NodeEntry],
        clock: &impl Now,
    ) -> Result<(), StateError> {
        let own = nodes
            .iter()
            .find(|node| Some(&*node.id) == self.node.node_id());
        let availability = own.map(|node| node.availability);
        self.learn(Event::Availability(availability), clock);
        let peers = Peer::counted(nodes, self.node.epoch());
        self.keep(Event::Peers(peers), clock)
    }
}
