//! The loop: round after round, raced against what happens and against a stop.

use std::time::Duration;

use tokio::time::{Instant, interval};
use tracing::{info, warn};

use super::agent::Agent;
use super::edges::Outside;
use super::error::StepError;
use super::lanes::Answers;
use super::wake::{Triggers, beside, rest, unless_noticed};
use host::random::Chance;
use protocol::{Action, Decision, Reason};
use view::notify::Notify;

/// systemd is told that the loop lives this often: many times within `WatchdogSec=`.
const PULSE: Duration = Duration::from_secs(10);

/// Runs the agent until it is asked to stop. A stop of the service is no departure: the
/// node stays in the swarm.
pub async fn run<O: Outside>(mut agent: Agent<O>, triggers: &mut impl Triggers, notify: &Notify) {
    let mut triggers = Answers::new(triggers, &agent.context.lanes);
    let mut rounds = Rounds {
        triggers: &mut triggers,
        notify,
        told: None,
        failures: 0,
        happened: false,
    };
    while rounds.one(&mut agent).await.is_some() {}
    notify.stopping();
}

/// What the loop itself remembers from round to round. Its steps give nothing where the agent is asked to stop.
struct Rounds<'a, T> {
    triggers: &'a mut T,
    notify: &'a Notify,
    /// The reason that was told last.
    told: Option<String>,
    /// Steps in a row that did not succeed.
    failures: u32,
    /// Something has happened since the last pause.
    happened: bool,
}

/// What came of a step.
enum Taken {
    /// How long to pause, if at all; or why it did not succeed.
    Done(Result<Option<Duration>, StepError>),
    /// It was a question, and there is a notice: the next round may have better to do.
    GaveWay,
}

impl<T: Triggers> Rounds<'_, T> {
    /// Looks, decides, takes the step and pauses.
    async fn one<O: Outside>(&mut self, agent: &mut Agent<O>) -> Option<()> {
        // A notice is told before the look at an engine that may take its time.
        agent.settle_departure();
        self.notify.readiness(agent.readiness());
        let decision = self.beside(agent.round()).await?;
        self.notify.readiness(agent.readiness());
        let news = is_news(&decision, self.told.as_ref());
        agent.count(&decision);
        if news {
            agent.recorder.decided(&decision);
            self.notify.round(|| agent.status(&decision));
            self.tell(&decision, agent.memory.node.node_id());
        }
        let taken = self.step(agent, &decision).await?;
        self.notify.readiness(agent.readiness());
        let Taken::Done(step) = taken else {
            return Some(());
        };
        if news {
            agent.recorder.ended(step.as_ref().err());
            self.notify.round(|| agent.status(&decision));
        }
        let pause = self.pause_after(agent, &decision, step);
        if decision.reason.is_settled() || matches!(decision.action, Action::Serve(_)) {
            self.notify.ready();
        }
        match pause {
            Some(pause) => self.rest(agent, &decision, pause).await,
            None => Some(()),
        }
    }

    async fn beside<R>(&mut self, work: impl Future<Output = R>) -> Option<R> {
        let work = alive(self.notify, work);
        let (done, happened) = beside(work, self.triggers).await?;
        self.happened |= happened;
        Some(done)
    }

    /// What came of the step.
    async fn step<O: Outside>(
        &mut self,
        agent: &mut Agent<O>,
        decision: &Decision,
    ) -> Option<Taken> {
        let began = Instant::now();
        let notices = agent.context.edges.heard.clone();
        let step = agent.step(decision);
        let taken = if decision.gives_way() {
            let asking = unless_noticed(step, notices);
            let answer = self.beside(asking).await?;
            answer.map_or(Taken::GaveWay, Taken::Done)
        } else {
            Taken::Done(self.beside(step).await?)
        };
        agent.recorder.trace.acted(decision, began);
        Some(taken)
    }

    /// How long to pause before the next look, if at all.
    fn pause_after<O: Outside>(
        &mut self,
        agent: &Agent<O>,
        decision: &Decision,
        step: Result<Option<Duration>, StepError>,
    ) -> Option<Duration> {
        let error = match step {
            Ok(pause) => {
                // A leader whose chore waits for an answer has not had one that ends the trouble.
                if !(decision.reason.leads() && agent.chores.outcomes.fail()) {
                    self.failures = 0;
                }
                return pause;
            }
            Err(error) => error,
        };
        self.failures += 1;
        let (failures, action) = (self.failures, decision.action.name());
        agent.recorder.failed(action);
        warn!(%error, decision = action, failures, "step failed");
        self.notify.status(&format!("{}; {error}", decision.reason));
        Some(agent.pause_after(&error, failures))
    }

    async fn rest<O: Outside>(
        &mut self,
        agent: &mut Agent<O>,
        decision: &Decision,
        pause: Duration,
    ) -> Option<()> {
        let launch = self.beside(agent.tell_launch()).await?;
        // A fleet that started in one second must not ask in one second.
        let pause = launch.map_or(pause, |launch| launch.min(pause));
        let pause = pause + agent.context.edges.chance.within(pause / 5);
        let began = Instant::now();
        let happened = std::mem::take(&mut self.happened);
        let leads = decision.reason.leads();
        let resting = rest(self.triggers, pause, happened, leads);
        let woken = alive(self.notify, resting).await;
        agent.recorder.trace.waited(decision, began);
        woken
    }

    /// The journal reads like a story: a line when the reason changes, none when it stays.
    fn tell(&mut self, decision: &Decision, node_id: Option<&str>) {
        let reason = decision.reason.to_string();
        if self.told.as_ref() == Some(&reason) {
            return;
        }
        info!(
            decision = decision.action.name(),
            reason = decision.reason.name(),
            node_id,
            "{reason}"
        );
        self.notify.status(&reason);
        self.told = Some(reason);
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
