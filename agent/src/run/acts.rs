//! What cannot be undone, and is on disk before it is done: leaving a swarm, forcing a new
//! cluster, restarting the engine, clearing its swarm state.

use tracing::{info, warn};

use super::{Agent, Outside, StepError};
use docker::{Engine, EngineError};
use protocol::Epoch;
use protocol::node::{Act, Event, File};

impl<O: Outside> Agent<O> {
    /// Leaves. Only a member's leaving is an act: a join that failed has left nothing behind.
    pub(super) async fn leave(&mut self) -> Result<(), StepError> {
        if self.node.membership().is_some() {
            self.record(Act::Leave)?;
        }
        match self.edges.engine.leave().await {
            Ok(()) => {}
            // It may still be at it.
            Err(error @ EngineError::Slow(_)) => return Err(error.into()),
            Err(error) => {
                self.take_back()?;
                return Err(error.into());
            }
        }
        self.learn(Event::Left);
        self.save()?;
        info!("left the swarm");
        Ok(())
    }

    /// Forces a new cluster out of this manager's copy of the old one. It stays on record also if
    /// it fails: whether it had an effect is not known.
    pub(super) async fn recover(&mut self, epoch: Epoch) -> Result<(), StepError> {
        self.record(Act::Recover(epoch))?;
        warn!(
            epoch = epoch.number(),
            "forcing a new cluster: what the lost majority had committed and this manager had not seen is lost"
        );
        let advertise = self.identity.private_ip;
        match self.edges.engine.force_new_cluster(advertise).await {
            Ok(()) => {}
            Err(error @ EngineError::Unforced(_)) => {
                self.take_back()?;
                self.nothing_is_forced()?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        info!(epoch = epoch.number(), "new cluster forced");
        Ok(())
    }

    /// Has the engine's service restarted.
    pub(super) async fn restart_engine(&mut self) -> Result<(), StepError> {
        self.record(Act::Restart)?;
        warn!("the engine hangs: asking for its restart");
        Ok(self.edges.engine.restart().await?)
    }

    /// Has the engine started without its swarm state, if it does not start with it.
    pub(super) async fn clear_swarm(&mut self) -> Result<(), StepError> {
        self.record(Act::Clear)?;
        warn!(
            "the engine does not start, and other managers serve its swarm: asking for a start without its swarm state"
        );
        Ok(self.edges.engine.clear_swarm().await?)
    }

    /// An engine that is about to join or create a swarm has none: what it forced went with the one it left.
    /// On record still, it would be resumed in the new swarm, found to be passed over, and left.
    pub(super) fn nothing_is_forced(&mut self) -> Result<(), StepError> {
        self.learn(Event::NothingForced);
        Ok(self.save()?)
    }

    pub(super) fn record(&mut self, act: Act) -> Result<(), StepError> {
        let now = self.edges.now();
        let acts = self.node.record_of(act, now);
        self.memory.save(&File::Acts(acts))?;
        self.node.learn(Event::Recorded(act), now);
        Ok(())
    }

    /// An act that did not take place does not count.
    fn take_back(&mut self) -> Result<(), StepError> {
        self.learn(Event::TakenBack);
        Ok(self.save()?)
    }
}
