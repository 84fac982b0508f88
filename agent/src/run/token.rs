//! `swarmlet token rotate`: a manager's word is as good as the leader's.

use thiserror::Error;

use super::agent::Agent;
use super::chores::draw_tokens;
use super::edges::Outside;
use super::error::StepError;
use super::startup::{StartError, agent};
use crate::config::Settings;
use docker::Engine;
use protocol::{Control, EngineState, Member, TokenKind};

/// Why tokens were not rotated.
#[derive(Debug, Error)]
pub enum RotateError {
    /// The node cannot tell who it is.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A worker, or a node outside of a swarm.
    #[error(
        "cannot rotate join tokens: this node is no manager; run it on a manager of the cluster"
    )]
    NoManager,
    /// A manager without a leader.
    #[error(
        "cannot rotate join tokens: the swarm has no leader; see `systemctl status swarmlet`, and try again later"
    )]
    NoLeader,
    /// The engine or Parameter Store.
    #[error("cannot rotate join tokens: {0}")]
    Step(#[from] StepError),
    /// The tokens are new, and the ticket is not.
    #[error(
        "the join tokens are new ones, but the ticket could not be published: {0}; the leader's agent will do it"
    )]
    Unpublished(StepError),
}

impl RotateError {
    /// Whether a person has to change something first.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Start(StartError::Identify(cause)) if cause.is_terminal())
    }
}

/// Draws new join tokens and publishes the ticket.
pub async fn rotate_tokens(settings: Settings, tokens: TokenKind) -> Result<(), RotateError> {
    agent(settings).await?.rotate_by_hand(tokens).await
}

impl<O: Outside> Agent<O> {
    pub(super) async fn rotate_by_hand(&mut self, tokens: TokenKind) -> Result<(), RotateError> {
        let state = self
            .context
            .edges
            .engine
            .state()
            .await
            .map_err(StepError::from)?;
        let EngineState::Active(Member { control, .. }) = state else {
            return Err(RotateError::NoManager);
        };
        match control {
            Control::Worker => return Err(RotateError::NoManager),
            Control::NoLeader(_) => return Err(RotateError::NoLeader),
            Control::Manager { .. } => {}
        }
        let context = &self.context;
        draw_tokens(&context.edges, tokens).await?;
        let published = self.chores.publish_anew(context, &mut self.memory).await;
        published.map_err(RotateError::Unpublished)
    }
}
