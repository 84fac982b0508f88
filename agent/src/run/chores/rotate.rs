//! New join tokens, on a schedule: the decision is `leader::rotation`.

use tracing::info;

use crate::run::context::Context;
use crate::run::edges::{Edges, Outside};
use crate::run::error::StepError;
use docker::Engine;
use host::clock::Clock;
use protocol::leader::rotation::{self, Rotation};
use protocol::{Swarm, TokenKind};

/// Draws new tokens when it is time to; whether it did, so that they are to be published.
pub(super) async fn rotate<O: Outside>(
    context: &Context<O>,
    swarm: &Swarm,
) -> Result<bool, StepError> {
    let every = context.settings.swarm.rotate_tokens_every;
    let now = context.edges.clock.unix();
    match rotation::next(every, swarm.rotated, now) {
        Rotation::Nothing => Ok(false),
        Rotation::Note => {
            context.edges.engine.rotate(None, now).await?;
            Ok(false)
        }
        Rotation::Rotate => {
            draw_tokens(&context.edges, TokenKind::All).await?;
            Ok(true)
        }
    }
}

/// Draws new tokens. Joiners that hold the old one read the ticket again when they are refused.
pub(in crate::run) async fn draw_tokens<O: Outside>(
    edges: &Edges<O>,
    tokens: TokenKind,
) -> Result<(), StepError> {
    let now = edges.clock.unix();
    edges.engine.rotate(Some(tokens), now).await?;
    info!(?tokens, "join tokens rotated");
    Ok(())
}
