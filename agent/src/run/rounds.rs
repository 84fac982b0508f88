//! The loop.

use std::time::Duration;

use tokio::time::{Instant, interval};
use tracing::{info, warn};

use super::look::{at_once, told};
use super::pause::rest;
use super::{Agent, Chance, Outside, StepError, Triggers};
use docker::Engine;
use protocol::node::{Event, Next};
use protocol::{Action, Control, Decision, EngineState, Kind, Peer, Reason, RecoveryMode, Role};
use protocol::{NodeEntry, SWARM_PORT};
use view::notify::Notify;

/// systemd is told that the loop lives this often: many times within `WatchdogSec=`.
const PULSE: Duration = Duration::from_secs(10);

/// Runs the agent until it is asked to stop. A stop of the service is no departure: the
/// node stays in the swarm.
pub async fn run<O: Outside>(mut agent: Agent<O>, triggers: &mut impl Triggers, notify: &Notify) {
    let mut last = None;
    let mut failures = 0;
    loop {
        let decision = alive(notify, agent.round()).await;
        let news = is_news(&decision, last.as_ref());
        agent.count(&decision);
        if news {
            agent.note(&decision);
            notify.round(|| agent.status(&decision));
        }
        tell(&decision, agent.knowledge.node_id(), &mut last, notify);
        let began = Instant::now();
        let step = alive(notify, agent.step(&decision)).await;
        agent.trace.acted(&decision, began);
        if news {
            agent.note_end(step.as_ref().err());
            notify.round(|| agent.status(&decision));
        }
        let pause = match step {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(error) => {
                failures += 1;
                agent.metrics.failed(decision.action.name());
                warn!(%error, decision = decision.action.name(), failures, "step failed");
                notify.status(&format!("{}; {error}", decision.reason));
                Some(agent.pause_after(&error, failures))
            }
        };
        if decision.reason.is_settled() || matches!(decision.action, Action::Serve(_)) {
            notify.ready();
        }
        let woken = match pause {
            Some(pause) => {
                let launch = alive(notify, agent.tell_launch()).await;
                // A fleet that started in one second must not ask in one second.
                let pause = launch.map_or(pause, |launch| launch.min(pause));
                let pause = pause + agent.edges.chance.within(pause / 5);
                let began = Instant::now();
                let woken = alive(notify, rest(triggers, pause, decision.reason.leads())).await;
                agent.trace.waited(&decision, began);
                woken
            }
            None => Some(()),
        };
        if woken.is_none() {
            notify.stopping();
            return;
        }
    }
}

/// Runs something that has its own time limit, and tells systemd meanwhile that the loop
/// is alive. What blocks the thread (small files) takes milliseconds: a pulse that stops means a loop that hangs.
pub(super) async fn alive<T>(notify: &Notify, work: impl Future<Output = T>) -> T {
    let mut pulse = interval(PULSE);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = pulse.tick() => notify.pulse(),
        }
    }
}

/// That a healthy node asks its managers once a round is no news.
fn is_news(decision: &Decision, last: Option<&String>) -> bool {
    decision.reason != Reason::AskingManagers || last.is_none()
}

/// The journal reads like a story: a line when the reason changes, none when it stays.
fn tell(decision: &Decision, node_id: Option<&str>, last: &mut Option<String>, notify: &Notify) {
    if !is_news(decision, last.as_ref()) {
        return;
    }
    let reason = decision.reason.to_string();
    if last.as_ref() != Some(&reason) {
        info!(
            decision = decision.action.name(),
            reason = decision.reason.name(),
            node_id,
            "{reason}"
        );
        notify.status(&reason);
        *last = Some(reason);
    }
}

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
        self.settle_departure();
        self.learn(Event::Round);
        loop {
            match self.knowledge.next(self.edges.now()) {
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
        if bereft && self.knowledge.recovery_mode() == RecoveryMode::Ask {
            let given = self.memory.has_consent();
            self.learn(Event::Consent(given));
        }
    }

    /// Takes the step; says how long to pause before the next look, if at all.
    pub(super) async fn step(
        &mut self,
        decision: &Decision,
    ) -> Result<Option<Duration>, StepError> {
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
            Action::ReadTicket => match self.knowledge.held(self.edges.now()) {
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
        if self.knowledge.kind() != Some(Kind::Manager) {
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
        let epoch = self.knowledge.epoch();
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
        if peers != self.knowledge.peers() {
            self.memory.remember_peers(&peers)?;
            self.learn(Event::Peers(peers));
        }
        Ok(())
    }
}
