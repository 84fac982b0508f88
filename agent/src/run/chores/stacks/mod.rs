//! Stacks: kept deployed from files and from Parameter Store. The decision is `swarm::stacks`.

mod deploy;
mod fetch;
mod logins;
mod password;
mod show;
mod sources;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::stacks::{Deployed, Stacks as _};
use crate::run::{Agent, Chance, Clock, Outside, StepError};
use crate::swarm::stacks::{Facts, Failure, Step, Want, Wanted, next};

use logins::Logins;
use show::Shown;
pub(in crate::run) use sources::FOLDER;
use sources::{Content, Source, Sources};

/// Passwords of registries are looked at this many times less often, and before a deployment.
const SELDOM: u32 = 5;

/// What the chore remembers from round to round; a new leader starts with none of it.
#[derive(Debug, Default)]
pub(in crate::run) struct Stacks {
    sources: Sources,
    logins: Logins,
    deployed: Deployed,
    failures: BTreeMap<String, Failed>,
    pub(in crate::run) shown: Shown,
    look_again: Option<Instant>,
    /// Nothing is due before this time.
    due: Option<Instant>,
}

/// A step that did not succeed.
#[derive(Debug)]
struct Failed {
    of: Option<Want>,
    count: u32,
    at: Instant,
    text: String,
}

impl<O: Outside> Agent<O> {
    /// Looks at the sources when it is time to, and takes one step; says when the next is due.
    pub(super) async fn keep_stacks(&mut self) -> Result<Option<Duration>, StepError> {
        let due = self.chores.stacks.due;
        if let Some(left) = due.and_then(|at| at.checked_duration_since(Instant::now()))
            && !left.is_zero()
        {
            return Ok(Some(left));
        }
        let every = self.settings.swarm.stacks_refresh;
        let look_again = self.chores.stacks.look_again;
        if look_again.is_none_or(|at| at <= Instant::now()) {
            self.look_at_stacks().await;
            // Less a part that differs from leader to leader.
            let part = self.edges.chance.within(every / 5);
            self.chores.stacks.look_again = Some(Instant::now() + every - part);
        }
        self.chores.stacks.deployed = self.edges.stacks.deployed().await?;
        let now = self.edges.clock.unix();
        let facts = self.chores.stacks.facts(now);
        self.chores.stacks.show(&facts);
        let left = match next(&facts) {
            Step::Deploy(name) => self.deploy_stack(&name).await.map(|()| None)?,
            Step::Remove(name) => self.remove_stack(&name).await.map(|()| None)?,
            Step::Wait(left) => Some(left.map_or(every, |left| left.min(every))),
        };
        let stacks = &mut self.chores.stacks;
        let soonest = left.map(|left| Instant::now() + left);
        stacks.due = soonest.map(|at| stacks.look_again.map_or(at, |look| look.min(at)));
        let left = stacks.due.map(|at| at - Instant::now());
        Ok(Some(left.unwrap_or_default()))
    }

    async fn look_at_stacks(&mut self) {
        self.read_files();
        self.read_parameters().await;
        let logins = &self.chores.stacks.logins;
        if logins.older_than(self.settings.swarm.stacks_refresh * SELDOM) {
            self.read_registries().await;
        }
        self.check_sources().await;
    }
}

impl Stacks {
    /// All that the decision rests on.
    fn facts(&self, now: u64) -> Facts {
        let wanted = self.sources.all().into_iter();
        let wanted = wanted.map(|(name, source)| (name.clone(), self.wanted(source)));
        let failures = self.failures.iter().map(|(name, failed)| {
            let failure = Failure {
                of: failed.of.clone(),
                count: failed.count,
                age: failed.at.elapsed(),
            };
            (name.clone(), failure)
        });
        Facts {
            wanted: wanted.collect(),
            complete: self.sources.is_complete(),
            notes: self.deployed.notes.clone(),
            present: self.deployed.present.clone(),
            failures: failures.collect(),
            now,
        }
    }

    fn wanted(&self, source: &Source) -> Wanted {
        match &source.content {
            Content::Nothing => Wanted::Nothing,
            Content::Broken(_) => Wanted::Broken,
            Content::File(file) => match &file.hosts {
                Ok(hosts) => Wanted::Stack(Want {
                    origin: source.origin,
                    digest: file.digest.clone(),
                    logins: self.logins.for_hosts(hosts),
                }),
                Err(_) => Wanted::Broken,
            },
        }
    }

    /// Notes what came of a step; the gap before the next try grows while it is the same step.
    fn settle(&mut self, name: &str, of: Option<Want>, done: Result<(), String>) {
        let Err(text) = done else {
            self.failures.remove(name);
            return;
        };
        let before = self.failures.get(name).filter(|failed| failed.of == of);
        let count = before.map_or(0, |failed| failed.count).saturating_add(1);
        let failed = Failed {
            of,
            count,
            at: Instant::now(),
            text,
        };
        self.failures.insert(name.to_owned(), failed);
    }
}
