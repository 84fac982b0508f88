//! New join tokens, on a schedule: the decision is `swarm::rotation`.

use tracing::info;

use crate::run::{Agent, Clock, Outside, StepError};
use docker::Engine;
use protocol::Swarm;
use protocol::TokenKind;
use protocol::leader::rotation::{self, Rotation};

impl<O: Outside> Agent<O> {
    /// Draws new tokens when it is time to, and publishes them.
    pub(super) async fn rotate(&mut self, swarm: &Swarm) -> Result<(), StepError> {
        let every = self.settings.swarm.rotate_tokens_every;
        let now = self.edges.clock.unix();
        match rotation::next(every, swarm.rotated, now) {
            Rotation::Nothing => Ok(()),
            Rotation::Note => Ok(self.edges.engine.rotate(None, now).await?),
            Rotation::Rotate => {
                self.draw_tokens(TokenKind::All).await?;
                self.publish_anew().await
            }
        }
    }

    /// Draws new tokens. Joiners that hold the old one read the ticket again when they are refused.
    pub(in crate::run) async fn draw_tokens(&self, tokens: TokenKind) -> Result<(), StepError> {
        let now = self.edges.clock.unix();
        self.edges.engine.rotate(Some(tokens), now).await?;
        info!(?tokens, "join tokens rotated");
        Ok(())
    }

    /// Publishes the ticket of the swarm as it is now.
    pub(in crate::run) async fn publish_anew(&mut self) -> Result<(), StepError> {
        let nodes = self.edges.engine.nodes(None).await?;
        let swarm = self.edges.engine.swarm().await?;
        self.publish(&nodes, &swarm).await
    }
}
