//! One round: a look, a decision, its step.

use std::time::Duration;

use tokio::time::Instant;

use super::agent::Agent;
use super::edges::{Now, Outside};
use super::error::StepError;
use super::executor::look::{at_once, told};
use super::steps;
use docker::{Engine, NodeList};
use protocol::leader::publishing::Unpublishable;
use protocol::node::{Event, Next};
use protocol::{Action, Control, Decision, EngineState, Kind, Reason, RecoveryMode, Role};

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
        self.memory.learn(Event::Round, &self.context.edges);
        loop {
            match self.memory.node.next(self.context.edges.now()) {
                Next::Look { at_once } => self.look(at_once).await,
                Next::Do(step) => {
                    if !leads(&step.seen.engine) {
                        self.context.edges.stacks.set(false);
                    }
                    self.recorder.saw(step.seen);
                    return step.decision;
                }
            }
        }
    }

    /// What has been answered meanwhile comes before anything else.
    fn hear(&mut self) {
        let (edges, lanes) = (&self.context.edges, &self.context.lanes);
        lanes.begin();
        if let Some(event) = lanes.departure.take() {
            steps::hear_of_departure(&mut self.memory, edges, event);
        }
        if let Some(event) = lanes.launch.take() {
            steps::hear_of_launch(&mut self.memory, edges, event);
        }
        self.chores.hear(&self.context, &mut self.memory);
    }

    pub(super) fn settle_departure(&mut self) {
        if let Some(cause) = steps::settle_departure(&self.context, &mut self.memory) {
            self.recorder.departs(cause);
        }
    }

    async fn look(&mut self, soon: bool) {
        let (edges, memory) = (&self.context.edges, &mut self.memory);
        let began = Instant::now();
        let state = if soon {
            at_once(&edges.engine).await
        } else {
            told(edges.engine.state().await)
        };
        self.recorder.trace.looked(began);
        let bereft = state.kind() == Kind::NoLeader;
        memory.learn(Event::Engine(state), edges);
        // Looked for only when it matters.
        if bereft && memory.node.recovery_mode() == RecoveryMode::Ask {
            let given = memory.disk.folder.has_consent();
            memory.learn(Event::Consent(given), edges);
        }
    }

    /// Takes the step; says how long to pause before the next look, if at all.
    pub(super) async fn step(
        &mut self,
        decision: &Decision,
    ) -> Result<Option<Duration>, StepError> {
        self.chores.outcomes.again = None;
        if !decision.action.spares_engine() {
            self.memory.learn(Event::Stale, &self.context.edges);
        }
        let pause = self.take(decision).await;
        if !matches!(pause, Ok(None)) {
            self.memory.learn(Event::Stale, &self.context.edges);
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
            Action::ReadTicket => match self.memory.node.held(self.context.edges.now()) {
                Some(left) => Ok(Some(left)),
                None => self.act(&decision.action).await.map(|()| None),
            },
            action if asks_at_once(action) => self.ask_aws(action).await,
            action => self.act(action).await.map(|()| None),
        }
    }

    /// Takes one step of the node.
    pub(super) async fn act(&mut self, action: &Action) -> Result<(), StepError> {
        steps::act(&self.context, &mut self.memory, action).await
    }

    /// Takes a step that asks AWS, unless it is too soon; says how long to wait then.
    async fn ask_aws(&mut self, action: &Action) -> Result<Option<Duration>, StepError> {
        if let Some(left) = self.busy.left(self.context.edges.now()) {
            return Ok(Some(left));
        }
        let done = self.act(action).await;
        self.busy.note(&done, self.context.edges.now());
        done.map(|()| None)
    }

    /// A member's round: the leader does what is due for all, every manager remembers the others.
    async fn serve(&mut self, reason: &Reason) -> Result<Option<Duration>, StepError> {
        let (context, memory) = (&self.context, &mut self.memory);
        if !reason.leads() {
            self.recorder.follows();
        }
        if memory.node.kind() != Some(Kind::Manager) {
            return Ok(None);
        }
        memory.disk.folder.withdraw_consent()?;
        if reason.leads() {
            let done = self.chores.round(context, memory).await;
            if let Err(StepError::Unpublishable(Unpublishable::Superseded(_))) = done {
                context.edges.stacks.set(false);
            }
            return done;
        }
        let managers = context.edges.engine.nodes(Some(Role::Manager)).await?;
        memory.remember_peers(&managers, &context.edges)?;
        Ok(None)
    }
}
