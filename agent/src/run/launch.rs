//! Tells the Auto Scaling group how the launch of this instance went, once.

use std::time::Duration;

use tracing::{info, warn};

use super::knowledge::{Learnt, note};
use super::latched::Launched;
use super::{Agent, Clock, MemoryError, Outside};
use crate::cloud::CloudError;
use crate::cloud::lifecycle::{Lifecycle, Transition, Verdict, Waiting};
use crate::swarm::launch::{self, Launch, Word};
use crate::swarm::notice::Target;
use crate::swarm::{Kind, Trouble};

impl<O: Outside> Agent<O> {
    /// Does what is due; says when to look again. What fails here fails nothing else.
    pub(super) async fn tell_launch(&mut self) -> Option<Duration> {
        if self.launched.told || !self.settings.launch.hook {
            return None;
        }
        let group = self.node.group.clone()?;
        if self.launched.since.is_none() {
            self.note_launch(Launched {
                since: Some(self.edges.clock.uptime().as_secs()),
                ..self.launched
            });
        }
        let launch = self.launch();
        if launch.member && !self.launched.joined {
            self.note_launch(Launched {
                joined: true,
                ..self.launched
            });
        }
        let word = match launch::word(&launch) {
            Ok(left) => return Some(left),
            Err(word) => word,
        };
        let said_before = launch.last.is_some_and(|last| last.value.is_ok());
        match self.say(&group, word).await {
            Ok(waiting) if waiting == Waiting::Heard || said_before => {
                info!(
                    heard = waiting == Waiting::Heard,
                    ready = word == Word::Ready,
                    "launch told"
                );
                self.note_launch(Launched {
                    told: true,
                    ..self.launched
                });
                None
            }
            Ok(_) => {
                note(&mut self.knowledge.launch, Ok(()), |(), ()| true);
                Some(crate::swarm::pace::NOT_WAITING_GAP)
            }
            Err(error) => {
                warn!(%error, "cannot tell the group how the launch went");
                let failed: Result<(), Trouble> = Err(error.into());
                note(&mut self.knowledge.launch, failed, |(), ()| true);
                launch::word(&self.launch()).ok()
            }
        }
    }

    fn launch(&self) -> Launch {
        let settings = &self.settings.launch;
        let inside = matches!(self.knowledge.kind(), Some(Kind::Worker | Kind::Manager));
        let has_joined = self.knowledge.membership.is_some();
        Launch {
            in_service: self.edges.heard.borrow().notices.target == Some(Target::InService),
            member: inside && has_joined && self.departure.is_none(),
            was_member: has_joined || self.launched.joined || self.departure.is_some(),
            age: self.launch_age(),
            budget: settings.budget,
            on_failure: settings.on_failure,
            last: self.knowledge.launch.as_ref().map(Learnt::reading),
        }
    }

    /// For how long the agent has had the chance to join. A time that is still to come was before a
    /// reboot.
    fn launch_age(&self) -> Duration {
        let uptime = self.edges.clock.uptime();
        let since = Duration::from_secs(self.launched.since.unwrap_or_default());
        uptime.checked_sub(since).unwrap_or(uptime)
    }

    async fn say(&self, group: &str, word: Word) -> Result<Waiting, CloudError> {
        let verdict = match word {
            Word::Ready => Verdict::Continue,
            Word::Failed => Verdict::Abandon,
        };
        let lifecycle = &self.edges.lifecycle;
        let mut heard = None;
        for hook in lifecycle.hooks(group).await? {
            if hook.transition != Transition::Launching {
                continue;
            }
            let instance = &self.node.instance_id;
            match lifecycle
                .complete(group, &hook.name, instance, verdict)
                .await?
            {
                Waiting::Heard => heard = heard.or(Some(Waiting::Heard)),
                Waiting::NotWaiting => heard = Some(Waiting::NotWaiting),
            }
        }
        // A group without such a hook waits for nobody.
        Ok(heard.unwrap_or(Waiting::Heard))
    }

    fn note_launch(&mut self, launched: Launched) {
        self.launched = launched;
        let noted: Result<(), MemoryError> = self.memory.remember_launch(launched);
        if let Err(error) = noted {
            warn!(%error, "the launch is not on record");
        }
    }
}
