//! Networks of one machine that an earlier try has left: where there is one, the tasks of the mended stack are refused,
//! whoever leads. So each manager takes away what is on its own machine.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::{Keeper, Outside};
use docker::EngineError;
use docker::stacks::Stacks as _;
use protocol::stacks::objects::{Kind, LocalNetwork};

impl<O: Outside> Keeper<O> {
    /// Takes them away for as long as another manager leads.
    pub(super) async fn tidy(&mut self) {
        loop {
            // A manager that waits to be one, or has no leader, knows of no stacks.
            if let Err(error) = self.look_for_left().await {
                debug!(%error, "cannot look for networks of one machine");
            }
            sleep(self.until_tidy()).await;
        }
    }

    /// Workers have nothing of stacks.
    fn until_tidy(&self) -> Duration {
        if self.rules.manages {
            self.rules.refresh
        } else {
            Duration::MAX
        }
    }

    async fn look_for_left(&mut self) -> Result<(), EngineError> {
        if !self.rules.manages || self.edges.docker.local().await?.is_empty() {
            return Ok(());
        }
        self.deployed = self.edges.docker.deployed().await?;
        self.take_away_left().await;
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
