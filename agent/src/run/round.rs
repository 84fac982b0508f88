//! One round: a look, a decision, its step.

use std::time::Duration;

use tokio::time::Instant;

use super::look::{at_once, told};
use super::{Agent, Outside, StepError};
use docker::Engine;
use protocol::node::{Event, Next};
use protocol::{
    Action, Control, Decision, EngineState, Kind, NodeEntry, Peer, Reason, RecoveryMode, Role,
    SWARM_PORT,
};

/// Whether this node leads its swarm, by its engine's word.
fn leads(engine: &EngineState) -> bool {
    matches!(engine, EngineState::Active(member)
        if matches!(member.control, Control::Manager { leader: true, .. }))
}

/// What has no gaps of its own: a refusal is not remembered as an answer.
fn asks_at_once(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateClaim(_)
            | Action::DeclareFormed(_)
            | Action::PassOver(_)
            | Action::AskFleet(_)
    )
}

impl<O: Outside> Agent<O> {
    /// Looks where the last look does not serve, and decides on the facts.
    pub(super) async fn round(&mut self) -> Decision {
        self.hear();
        self.settle_departure();
        self.learn(Event::Round);
        loop {
            match self.node.next(self.edges.now()) {
                Next::Look { at_once } => self.look(at_once).await,
                Next::Do(step) => {
                    if !leads(&step.seen.engine) {
                        self.edges.stacks.set(false);
                    }
                    self.seen = Some(step.seen);
                    return step.decision;
                }
            }
        }
    }

    async fn look(&mut self, soon: bool) {
        let began = Instant::now();
        let state = if soon {
            at_once(&self.edges.engine).await
        } else {
            told(self.edges.engine.state().await)
        };
        self.trace.looked(began);
        let bereft = state.kind() == Kind::NoLeader;
        self.learn(Event::Engine(state));
        // Looked for only when it matters.
        if bereft && self.node.recovery_mode() == RecoveryMode::Ask {
            let given = self.memory.has_consent();
            self.learn(Event::Consent(given));
        }
    }

    /// Takes the step; says how long to pause before the next look, if at all.
    pub(super) async fn step(
        &mut self,
        decision: &Decision,
    ) -> Result<Option<Duration>, StepError> {
        self.chores.again = None;
        if !decision.action.spares_engine() {
            self.learn(Event::Stale);
        }
        let pause = self.take(decision).await;
        if !matches!(pause, Ok(None)) {
            self.learn(Event::Stale);
        }
        pause
    }

    async fn take(&mut self, decision: &Decision) -> Result<Option<Duration>, StepError> {
        match &decision.action {
            Action::Serve(pause) => {
                let sooner = self.serve(&decision.reason).await?;
                Ok(Some(sooner.map_or(*pause, |sooner| sooner.min(*pause))))
            }
            Action::Wait(pause) => Ok(Some(*pause)),
            Action::ReadTicket => match self.node.held(self.edges.now()) {
                Some(left) => Ok(Some(left)),
                None => self.act(&decision.action).await.map(|()| None),
            },
            action if asks_at_once(action) => self.ask_aws(action).await,
            action => self.act(action).await.map(|()| None),
        }
    }

    /// A member's round: the leader does what is due for all, every manager remembers the others.
    async fn serve(&mut self, reason: &Reason) -> Result<Option<Duration>, StepError> {
        if !reason.leads() {
            self.metrics.follows();
        }
        if self.node.kind() != Some(Kind::Manager) {
            return Ok(None);
        }
        self.memory.withdraw_consent()?;
        if reason.leads() {
            let done = self.do_chores().await;
            if let Err(StepError::Superseded(_)) = done {
                self.edges.stacks.set(false);
            }
            return done;
        }
        let managers = self.edges.engine.nodes(Some(Role::Manager)).await?;
        self.remember_peers(&managers)?;
        Ok(None)
    }

    /// Raft's members, on disk: without a leader nobody can tell who they were. By their role, not
    /// by raft's own list alone: an engine that is going down shows that one shorter than it is.
    pub(super) fn remember_peers(&mut self, nodes: &[NodeEntry]) -> Result<(), StepError> {
        let epoch = self.node.epoch();
        let counted = nodes.iter().filter(|node| node.counts(epoch));
        let known = counted.filter_map(|node| {
            let listens = node.manager.map(|manager| manager.address);
            Some(Peer {
                node_id: node.id.clone(),
                instance_id: node.instance_id.clone(),
                address: listens.or_else(|| Some((node.address?, SWARM_PORT).into()))?,
            })
        });
        let mut peers: Vec<Peer> = known.collect();
        peers.sort_by(|a, b| a.node_id.cmp(&b.node_id));
        self.learn(Event::Peers(peers));
        Ok(self.save()?)
    }
}
