//! What the agent did from its start until its node served: where the time of a boot went.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use protocol::{Action, Decision, Reason};

/// So many steps are kept: the first ones, and the last ones before the node served.
const KEPT: usize = 24;
/// A look at the engine is a step only if it took longer: one that starts holds whoever asks.
const WORTH: Duration = Duration::from_millis(10);

/// The way of an agent into its swarm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Boot {
    /// How long the host had been up when the agent started, in milliseconds.
    pub started_ms: f64,
    /// When the node served, in milliseconds since the agent's start; none while it does not yet.
    pub served_ms: Option<f64>,
    /// In the order in which they were taken. The first ones go on side by side.
    pub steps: Vec<Step>,
    /// How many steps between the first ones and the last ones are not told.
    pub left_out: u32,
}

/// A step, in milliseconds since the agent's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// `identify`, `ticket`, `notices`, `look at the engine`, a decision's action, or what was waited for.
    pub name: String,
    /// When it began.
    pub from_ms: f64,
    /// When it ended.
    pub to_ms: f64,
}

/// Writes it down, until the node serves.
#[derive(Debug)]
pub struct Trace {
    begun: Instant,
    boot: Boot,
}

impl Default for Trace {
    /// From now on, at an unknown time of the host.
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            boot: Boot::default(),
        }
    }
}

impl Trace {
    /// From now on.
    pub fn start() -> Self {
        let up = clock_gettime(ClockId::Boottime);
        let whole = u64::try_from(up.tv_sec).unwrap_or_default();
        let rest = u32::try_from(up.tv_nsec).unwrap_or_default();
        let mut trace = Self::default();
        trace.boot.started_ms = milliseconds(Duration::new(whole, rest));
        trace
    }

    /// What began then has ended now.
    pub fn step(&mut self, name: &str, from: Instant) {
        self.between(name, from, Instant::now());
    }

    /// What began and ended then.
    pub fn between(&mut self, name: &str, from: Instant, to: Instant) {
        if self.boot.served_ms.is_some() {
            return;
        }
        if self.boot.steps.len() == KEPT {
            self.boot.steps.remove(KEPT / 2);
            self.boot.left_out += 1;
        }
        self.boot.steps.push(Step {
            name: name.to_owned(),
            from_ms: milliseconds(from - self.begun),
            to_ms: milliseconds(to - self.begun),
        });
    }

    /// The engine was looked at.
    pub fn looked(&mut self, from: Instant) {
        if from.elapsed() >= WORTH {
            self.step("look at the engine", from);
        }
    }

    /// A decision's step was taken. The first one of a node that serves is the last one told.
    pub fn acted(&mut self, decision: &Decision, from: Instant) {
        if matches!(decision.action, Action::Wait(_)) {
            return;
        }
        self.step(decision.action.name(), from);
        let awaits = matches!(
            decision.reason,
            Reason::Member {
                awaits_promotion: true,
                ..
            }
        );
        if matches!(decision.action, Action::Serve(_)) && !awaits {
            self.boot
                .served_ms
                .get_or_insert(milliseconds(self.begun.elapsed()));
        }
    }

    /// It has waited for its time, or for something to happen.
    pub fn waited(&mut self, decision: &Decision, from: Instant) {
        if self.boot.served_ms.is_none() {
            self.step(&format!("wait, {}", decision.reason.name()), from);
        }
    }

    /// So far.
    pub fn told(&self) -> Boot {
        self.boot.clone()
    }
}

/// With one decimal.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(action: Action, awaits_promotion: bool) -> Decision {
        let reason = Reason::Member {
            leader: false,
            awaits_promotion,
        };
        Decision { action, reason }
    }

    #[tokio::test(start_paused = true)]
    async fn steps_have_their_times_and_end_when_the_node_serves() {
        let mut trace = Trace::default();
        let from = Instant::now();
        tokio::time::advance(Duration::from_millis(30)).await;
        trace.step("identify", from);
        trace.looked(Instant::now());
        let from = Instant::now();
        tokio::time::advance(Duration::from_millis(20)).await;
        trace.looked(from);
        let serve = Action::Serve(Duration::ZERO);
        trace.acted(&decision(serve.clone(), true), Instant::now());
        trace.waited(&decision(serve.clone(), true), Instant::now());
        trace.acted(&decision(serve.clone(), false), Instant::now());
        trace.waited(&decision(serve, false), Instant::now());
        let boot = trace.told();
        let told: Vec<_> = boot.steps.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(
            told,
            [
                "identify",
                "look at the engine",
                "serve",
                "wait, member",
                "serve"
            ]
        );
        assert_eq!(boot.served_ms, Some(50.0));
        assert_eq!((boot.steps[1].from_ms, boot.steps[1].to_ms), (30.0, 50.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_leaves_the_beginning_and_the_end() {
        let mut trace = Trace::default();
        for number in 0..100 {
            trace.step(&number.to_string(), Instant::now());
        }
        let boot = trace.told();
        let ends = [&boot.steps[0].name, &boot.steps[KEPT - 1].name];
        assert_eq!((ends[0].as_str(), ends[1].as_str()), ("0", "99"));
        assert_eq!((boot.steps.len(), boot.left_out), (KEPT, 76));
    }
}
