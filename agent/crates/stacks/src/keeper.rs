//! The task that keeps stacks: it looks at the sources when it is time to, and takes one step after the
//! other.

use std::collections::BTreeSet;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio::time::sleep;
use tracing::{info, warn};

use super::lead::Shown;
use super::logins::Logins;
use super::memory::{Misses, Steps, Whole};
use super::sources::Sources;
use super::{Edges, Outside, Overview, Rules};
use docker::EngineError;
use docker::stacks::{Deployed, Stacks as _};
use host::random::Chance;
use protocol::Stamp;
use protocol::pace::Gaps;
use protocol::stacks::{Facts, Standing, Step, missing, names, next, standing};
use view::metrics::ChoreLabel;

/// Passwords of registries are looked at this many times less often, and before a deployment; and what a worker has left of
/// its time as a manager.
pub(super) const SELDOM: u32 = 5;
/// Nothing that is due is looked for more often.
const SHORTEST: Duration = Duration::from_secs(1);

/// Keeps the stacks of a cluster while this node leads.
pub struct Keeper<O: Outside> {
    pub(super) edges: Edges<O>,
    pub(super) rules: Rules,
    pub(super) line: Shown,
    failures: Family<ChoreLabel, Counter>,
    pub(super) sources: Sources,
    /// The digests of the files that Docker has found good.
    pub(super) good: BTreeSet<String>,
    pub(super) logins: Logins,
    pub(super) deployed: Deployed,
    pub(super) steps: Steps,
    pub(super) misses: Misses,
    pub(super) whole: Whole,
    /// A stack was removed since the last look at the sources.
    pub(super) removed: bool,
    /// What was said once and need not be said again.
    pub(super) told: BTreeSet<String>,
    look_again: Option<Stamp>,
}

impl<O: Outside> Keeper<O> {
    /// A keeper at the end of that line. It does nothing before this node leads.
    pub fn new(edges: Edges<O>, rules: Rules, line: Shown) -> Self {
        Self {
            edges,
            rules,
            line,
            failures: Family::default(),
            sources: Sources::default(),
            good: BTreeSet::new(),
            logins: Logins::default(),
            deployed: Deployed::default(),
            steps: Steps::default(),
            misses: Misses::default(),
            whole: Whole::default(),
            removed: false,
            told: BTreeSet::new(),
            look_again: None,
        }
    }

    /// The same keeper, which counts its failures there.
    #[must_use]
    pub fn counting(self, failures: Family<ChoreLabel, Counter>) -> Self {
        Self { failures, ..self }
    }

    /// Keeps stacks for ever. What goes on when this node leads no more is given up: its process is ended,
    /// and the next leader finds it begun.
    pub async fn run(mut self) {
        let mut line = Shown {
            leads: self.line.leads.clone(),
            shown: self.line.shown.clone(),
        };
        loop {
            tokio::select! {
                () = self.tidy() => {}
                () = line.until(true) => {}
            }
            tokio::select! {
                () = self.keep() => {}
                () = line.until(false) => {}
            }
            // What this one knows of stacks and their passwords grows old.
            let Self {
                edges,
                rules,
                line,
                failures,
                ..
            } = self;
            line.shown.send_replace(Overview::default());
            self = Self::new(edges, rules, line).counting(failures);
        }
    }

    pub(super) async fn keep(&mut self) {
        let (mut failures, mut failing) = (0, String::new());
        loop {
            let pause = match self.turn().await {
                Ok(pause) => {
                    if failures > 0 {
                        info!(chore = "stacks", "chore done again");
                    }
                    failures = 0;
                    pause
                }
                Err(error) => {
                    failures += 1;
                    let label = ChoreLabel { chore: "stacks" };
                    self.failures.get_or_create(&label).inc();
                    if failing != error.to_string() || failures == 1 {
                        failing = error.to_string();
                        warn!(chore = "stacks", %error, "chore not done");
                    }
                    Gaps::TROUBLE.after(failures)
                }
            };
            sleep(pause).await;
        }
    }

    /// Looks at the sources when it is time to, and takes one step; says how long to wait before the next.
    pub(super) async fn turn(&mut self) -> Result<Duration, EngineError> {
        let every = self.rules.refresh;
        let now = self.edges.now();
        let looks = self.look_again.is_none_or(|at| at.left(now).is_none());
        if looks {
            self.look_at_sources().await;
            // Less a part that differs from leader to leader.
            let part = self.edges.chance.within(every / 5);
            let now = self.edges.now();
            self.look_again = Some(now.after(every.saturating_sub(part)));
        }
        self.deployed = self.edges.docker.deployed().await?;
        self.take_away_left().await;
        let mut facts = self.facts();
        if looks && facts.complete {
            self.misses.look(missing(&facts), self.edges.now());
            self.removed = false;
            facts = self.facts();
        }
        self.remember_whole(&facts);
        self.show(&facts, None);
        let left = match next(&facts) {
            Step::Deploy(name) => {
                self.show(&facts, Some(&name));
                self.deploy(&name).await?;
                return Ok(Duration::ZERO);
            }
            Step::Adopt(name) => {
                self.adopt(&name, &facts).await?;
                return Ok(Duration::ZERO);
            }
            Step::Remove(name) => {
                self.remove(&name).await?;
                return Ok(Duration::ZERO);
            }
            Step::Wait(left) => left,
        };
        self.look_sooner(&facts);
        Ok(self.until_next(left))
    }

    async fn look_at_sources(&mut self) {
        self.read_files();
        self.read_parameters().await;
        let seldom = self.rules.refresh * SELDOM;
        if self.logins.older_than(seldom, self.edges.now()) {
            self.read_registries().await;
        }
        self.check_sources().await;
    }

    /// What is missing is looked for as soon as it could be gone.
    fn look_sooner(&mut self, facts: &Facts) {
        let left = names(facts)
            .into_iter()
            .filter_map(|name| match standing(facts, name) {
                Standing::Missing(left) => Some(left),
                _ => None,
            });
        if let Some(left) = left.min() {
            let at = self.edges.now().after(left);
            self.look_again = self.look_again.map(|look| look.min(at));
        }
    }

    fn until_next(&self, left: Option<Duration>) -> Duration {
        let until_look = self.look_again.and_then(|at| at.left(self.edges.now()));
        let until_look = until_look.unwrap_or_default();
        // A look at the swarm tells what was removed or changed by hand.
        left.map_or(until_look, |left| left.min(until_look))
            .max(SHORTEST)
    }
}
