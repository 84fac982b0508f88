//! Managers are protected from scale-in where their group has no terminating hook: what is asked and done is
//! `leader::protection`.

mod show;

use std::collections::BTreeSet;
use std::time::Duration;

use super::applier::Applier;
use super::outcomes::Outcomes;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::groups::Heard;
use aws::CloudError;
use protocol::Moment;
use protocol::leader::Snapshot;
use protocol::leader::protection::{Next, Protection, Question, Step, Wanted};
pub(super) use show::tell;
use view::status::groups::ManagerGroup;

/// What this chore remembers.
#[derive(Debug, Default)]
pub(super) struct Protected {
    known: Protection,
    /// Why Auto Scaling does not do what it is asked.
    trouble: Option<String>,
    shown: Vec<ManagerGroup>,
}

impl Protected {
    /// Whether this manager is to become a worker, so that its group of one can end it.
    pub(super) fn yields(&self, node_id: &str) -> bool {
        self.known.yields(node_id)
    }

    /// The managers' groups, for people.
    pub(super) fn shown(&self) -> &[ManagerGroup] {
        &self.shown
    }

    /// Does what is due; says when to look again.
    pub(super) async fn protect<O: Outside>(
        &mut self,
        context: &Context<O>,
        applier: &mut Applier,
        outcomes: &mut Outcomes,
        seen: Snapshot<'_>,
    ) -> Result<Option<Duration>, StepError> {
        let wanted = Wanted {
            protect: context.settings.swarm.protect_managers,
            names_hooks: !context.settings.departure.hooks.is_empty(),
        };
        let names = self.known.look(&seen, wanted);
        if names.is_empty() {
            self.shown = Vec::new();
            return Ok(None);
        }
        let done = match outcomes.was_late("protection") {
            Ok(()) if !context.lanes.groups.is_free() => Err(StepError::NotYet(None)),
            Ok(()) => self.go_on(context, applier, seen, wanted, &names).await,
            Err(error) => Err(error),
        };
        match &done {
            Ok(_) => {
                self.known.succeeded();
                self.trouble = None;
                self.show(&seen, &names);
            }
            Err(StepError::Cloud(error)) => {
                self.known.failed(context.edges.now());
                self.trouble = Some(error.to_string());
                self.show(&seen, &names);
            }
            Err(_) => {}
        }
        done
    }

    /// Asks what has to be known, and does what follows. What was answered is fresh: no question comes twice.
    async fn go_on<O: Outside>(
        &mut self,
        context: &Context<O>,
        applier: &mut Applier,
        seen: Snapshot<'_>,
        wanted: Wanted,
        names: &BTreeSet<String>,
    ) -> Result<Option<Duration>, StepError> {
        loop {
            let now = context.edges.now();
            match self.known.next(&Snapshot { now, ..seen }, wanted, names) {
                Next::Hold(left) => return Err(StepError::NotYet(Some(left))),
                Next::Ask(question) => self.ask(context, question).await?,
                Next::Do(steps, again) => {
                    for step in steps {
                        self.take(context, applier, step).await?;
                    }
                    return Ok(again);
                }
            }
        }
    }

    async fn take<O: Outside>(
        &mut self,
        context: &Context<O>,
        applier: &mut Applier,
        step: Step,
    ) -> Result<(), StepError> {
        let edges = &context.edges;
        match step {
            Step::Record(change) => drop(applier.make(&edges.engine, edges, &change).await?),
            Step::Ask(question) => self.ask(context, question).await?,
        }
        Ok(())
    }

    fn show(&mut self, seen: &Snapshot<'_>, names: &BTreeSet<String>) {
        let trouble = self.trouble.as_ref();
        let groups = self.known.groups(seen, names).into_iter();
        self.shown = groups.map(|group| show::shown(group, trouble)).collect();
    }

    /// Asks Auto Scaling. An answer that comes later wakes the leader, who looks again at what there is to do.
    async fn ask<O: Outside>(
        &mut self,
        context: &Context<O>,
        question: Question,
    ) -> Result<(), StepError> {
        let lifecycle = context.edges.lifecycle.clone();
        let asking = context.lanes.groups.ask(Heard::of(lifecycle, question));
        let heard = asking.await.ok_or(StepError::NotYet(None))?;
        Ok(self.hear(heard, context.edges.now())?)
    }

    /// Folds in what was answered.
    pub(super) fn hear(&mut self, heard: Heard, now: Moment) -> Result<(), CloudError> {
        for done in heard.done {
            self.known.learn(done, now);
        }
        heard.failed.map_or(Ok(()), Err)
    }
}
