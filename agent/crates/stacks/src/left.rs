//! Networks of one machine that an earlier try has left: where there is one, the tasks of the mended stack are refused,
//! whoever leads. So each node takes away what is on its own machine: a manager those of the stacks that the swarm knows, a
//! worker, which is told of no stacks, all that a stack's label is on and no container is in. Docker makes such a network on
//! managers only, so this one was a manager.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::keeper::SELDOM;
use super::{Keeper, Outside};
use docker::EngineError;
use docker::stacks::Stacks as _;
use protocol::stacks::objects::{Kind, LocalNetwork};

impl<O: Outside> Keeper<O> {
    /// Takes them away for as long as another manager leads.
    pub(super) async fn tidy(&mut self) {
        loop {
            // A manager that has no leader knows of no stacks.
            if let Err(error) = self.look_for_left().await {
                debug!(%error, "cannot look for networks of one machine");
            }
            sleep(self.until_tidy()).await;
        }
    }

    /// On a worker nothing new comes.
    fn until_tidy(&self) -> Duration {
        if self.rules.manages {
            self.rules.refresh
        } else {
            self.rules.refresh * SELDOM
        }
    }

    async fn look_for_left(&mut self) -> Result<(), EngineError> {
        let local = self.edges.docker.local().await?;
        if local.is_empty() {
            return Ok(());
        }
        match self.edges.docker.deployed().await {
            Ok(deployed) => {
                self.deployed = deployed;
                self.take_away_left().await;
                Ok(())
            }
            Err(error) if error.is_of_worker() => self.take_away_all(&local).await,
            Err(error) => Err(error),
        }
    }

    /// Of whichever stack: its tasks would be refused here.
    async fn take_away_all(&mut self, local: &[LocalNetwork]) -> Result<(), EngineError> {
        for network in local {
            if !self.edges.docker.has_containers(network).await? {
                self.take_away(network).await;
            }
        }
        Ok(())
    }

    /// Those of stacks that are deployed from here.
    pub(super) async fn take_away_left(&mut self) {
        let left = std::mem::take(&mut self.deployed.local);
        for network in left {
            if !self.deployed.notes.contains_key(&network.stack) || !self.take_away(&network).await
            {
                self.deployed.local.push(network);
            }
        }
    }

    /// Whether it is gone.
    async fn take_away(&mut self, network: &LocalNetwork) -> bool {
        let docker = &self.edges.docker;
        match docker.remove_object(Kind::Network, &network.id).await {
            Ok(()) => {
                let (stack, name) = (&network.stack, &network.name);
                info!(stack, network = name, "network of one machine removed");
                true
            }
            Err(error) => {
                let text = in_use(network, &error);
                if self.told.insert(text.clone()) {
                    warn!(stack = network.stack, "{text}");
                }
                false
            }
        }
    }
}

pub(super) fn in_use(network: &LocalNetwork, error: &EngineError) -> String {
    let name = &network.name;
    format!(
        "cannot remove the network {name} of this machine, which an earlier try has left: {error}; remove what uses it"
    )
}
