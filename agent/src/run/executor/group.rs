//! The Auto Scaling group of this node's instance, as it is asked beside the rounds.

use tracing::warn;

use crate::identity::InstanceIdentity;
use aws::CloudError;
use aws::lifecycle::{Hook, Lifecycle, Transition, Verdict, Waiting};
use protocol::Answer;
use protocol::node::launch::Word;

/// The group and its instance, with how to reach Auto Scaling.
pub(in crate::run) struct OwnGroup<L> {
    lifecycle: L,
    group: String,
    instance: String,
}

impl<L: Lifecycle + Clone> OwnGroup<L> {
    /// Nothing where no group has launched this instance.
    pub(in crate::run) fn of(lifecycle: &L, identity: &InstanceIdentity) -> Option<Self> {
        Some(Self {
            lifecycle: lifecycle.clone(),
            group: identity.group.clone()?,
            instance: identity.instance_id.clone(),
        })
    }
}

impl<L: Lifecycle> OwnGroup<L> {
    /// All of its hooks.
    pub(in crate::run) async fn hooks(&self) -> Result<Vec<Hook>, CloudError> {
        self.lifecycle.hooks(&self.group).await
    }

    /// The hooks of these transitions; those that the settings name, where they do.
    pub(in crate::run) async fn hooks_of(
        &self,
        wanted: &[Transition],
        named: &[String],
    ) -> Answer<Vec<Hook>> {
        let hooks = if named.is_empty() {
            self.hooks().await
        } else {
            Ok(named.iter().map(|name| Hook::named(name)).collect())
        };
        let mut hooks = hooks?;
        hooks.retain(|hook| wanted.contains(&hook.transition));
        Ok(hooks)
    }

    /// Has these hooks wait for as long again.
    pub(in crate::run) async fn beat(&self, hooks: &[String]) -> Answer<()> {
        let mut beaten = Ok(());
        for hook in hooks {
            let beat = self
                .lifecycle
                .heartbeat(&self.group, hook, &self.instance)
                .await;
            if let Err(error) = beat {
                warn!(%error, hook, "no heartbeat");
                beaten = Err(error.into());
            }
        }
        beaten
    }

    /// Has these hooks go on; each with what it said.
    pub(in crate::run) async fn complete(
        &self,
        hooks: Vec<String>,
    ) -> Vec<(String, Answer<Waiting>)> {
        let mut said = Vec::new();
        for hook in hooks {
            let waiting = self.end(&hook, Verdict::Continue).await;
            if let Err(error) = &waiting {
                warn!(%error, hook, "lifecycle action not completed");
            }
            said.push((hook, waiting.map_err(Into::into)));
        }
        said
    }

    /// Says the same of a launch to these hooks, until one call fails.
    pub(in crate::run) async fn say(
        &self,
        word: Word,
        hooks: Vec<String>,
    ) -> Result<Vec<(String, Waiting)>, CloudError> {
        let mut said = Vec::new();
        for hook in hooks {
            let waiting = self.say_one(word, &hook).await?;
            said.push((hook, waiting));
        }
        Ok(said)
    }

    async fn say_one(&self, word: Word, hook: &str) -> Result<Waiting, CloudError> {
        match word {
            // It asks for the hooks, which has been done.
            Word::Ask => Ok(Waiting::Heard),
            Word::Longer => {
                let (group, instance) = (&self.group, &self.instance);
                self.lifecycle.heartbeat(group, hook, instance).await
            }
            Word::Ready => self.end(hook, Verdict::Continue).await,
            Word::Failed => self.end(hook, Verdict::Abandon).await,
        }
    }

    async fn end(&self, hook: &str, verdict: Verdict) -> Result<Waiting, CloudError> {
        let (group, instance) = (&self.group, &self.instance);
        self.lifecycle
            .complete(group, hook, instance, verdict)
            .await
    }
}
