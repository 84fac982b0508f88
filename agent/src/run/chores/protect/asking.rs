//! A leader's calls to Auto Scaling, each of them beside the rounds.

use tracing::info;

use super::Protection;
use super::answers::{Done, Hooks, Protect};
use crate::run::{Agent, Outside, StepError};
use aws::CloudError;
use aws::lifecycle::Lifecycle;
use protocol::Moment;

/// What it is asked.
pub(super) enum Question {
    /// Which hooks these groups have.
    Hooks(Vec<String>),
    /// What these groups are.
    Describe(Vec<String>),
    /// To do this, one after the other.
    Protect(Vec<Protect>),
}

/// What came of a question: of one call after the other, until one failed.
pub(in crate::run) struct Heard {
    done: Vec<Done>,
    failed: Option<CloudError>,
}

impl Heard {
    async fn of(lifecycle: impl Lifecycle, question: Question) -> Self {
        let mut done = Vec::new();
        let failed = ask(&lifecycle, question, &mut done).await.err();
        Self { done, failed }
    }
}

async fn ask(
    lifecycle: &impl Lifecycle,
    question: Question,
    done: &mut Vec<Done>,
) -> Result<(), CloudError> {
    match question {
        Question::Hooks(names) => {
            for name in names {
                let hooks = Hooks::of(&lifecycle.hooks(&name).await?);
                done.push(Done::Hooks(name, hooks));
            }
        }
        Question::Describe(names) => {
            done.push(Done::Described(lifecycle.groups(&names).await?));
        }
        Question::Protect(all) => {
            for one in all {
                let (group, instances) = (&one.group, &one.instances);
                lifecycle.protect(group, instances, one.protected).await?;
                one.tell();
                done.push(Done::Protected(one));
            }
        }
    }
    Ok(())
}

impl Protect {
    fn tell(&self) {
        let (group, instances) = (&self.group, self.instances.join(", "));
        if self.protected {
            info!(group, instances, "managers protected from scale-in");
        } else {
            info!(
                group,
                instances, "managers released from protection: raft can spare them"
            );
        }
    }
}

impl Protection {
    /// Folds in what was answered.
    pub(in crate::run::chores) fn hear(
        &mut self,
        heard: Heard,
        now: Moment,
    ) -> Result<(), CloudError> {
        for done in heard.done {
            self.groups.learn(done, now);
        }
        heard.failed.map_or(Ok(()), Err)
    }
}

impl<O: Outside> Agent<O> {
    /// Asks Auto Scaling. An answer that comes later wakes the leader, who looks again at what there is to do.
    pub(super) async fn ask_groups(&mut self, question: Question) -> Result<(), StepError> {
        let lanes = self.lanes.clone();
        let lifecycle = self.edges.lifecycle.clone();
        let asking = lanes.groups.ask(Heard::of(lifecycle, question));
        let heard = asking.await.ok_or(StepError::NotYet(None))?;
        Ok(self.chores.protection.hear(heard, self.edges.now())?)
    }
}
