//! The steps: one deployment, or one removal.

use tracing::{info, warn};

use super::logins::Logins;
use super::sources::Content;
use crate::engine::stacks::Stacks as _;
use crate::run::{Agent, Outside, StepError};
use crate::swarm::stacks::{Note, Stage, Want, Wanted};

impl<O: Outside> Agent<O> {
    /// Deploys a stack: noted in the swarm before and after, so that the next leader finishes what
    /// this one has begun.
    pub(super) async fn deploy_stack(&mut self, name: &str) -> Result<(), StepError> {
        self.read_registries().await;
        let stacks = &self.chores.stacks;
        let Some(source) = stacks.sources.get(name).cloned() else {
            return Ok(());
        };
        let (Content::File(file), Wanted::Stack(want)) = (&source.content, stacks.wanted(&source))
        else {
            return Ok(());
        };
        let place = &source.place;
        let done = self.give(name, &file.text, &want).await?;
        let done = done.map(|warnings| {
            let digest = file.digest.get(..12).unwrap_or_default();
            info!(
                stack = name,
                source = place,
                digest,
                "stack {name} deployed from {place}"
            );
            for warning in warnings {
                warn!(stack = name, "stack {name}: {warning}");
            }
        });
        self.chores.stacks.settle(name, Some(want), done);
        Ok(())
    }

    /// The inner error is the stack's own, the outer one that of the swarm's labels.
    async fn give(
        &mut self,
        name: &str,
        file: &str,
        want: &Want,
    ) -> Result<Result<Vec<String>, String>, StepError> {
        if let Some(trouble) = unread(&self.chores.stacks.logins) {
            return Ok(Err(trouble));
        }
        let (credentials, logins) = match self.credentials(want).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let mut note = Note {
            stage: Stage::Begun,
            origin: want.origin,
            digest: want.digest.clone(),
            logins,
        };
        self.edges.stacks.note(name, Some(&note)).await?;
        let deployed = self.edges.stacks.deploy(name, file, &credentials).await;
        let warnings = match deployed {
            Ok(warnings) => warnings,
            Err(error) => return Ok(Err(error.to_string())),
        };
        note.stage = Stage::Deployed;
        self.edges.stacks.note(name, Some(&note)).await?;
        Ok(Ok(warnings))
    }

    /// Removes a stack whose source is gone, and then its note.
    pub(super) async fn remove_stack(&mut self, name: &str) -> Result<(), StepError> {
        if let Err(error) = self.edges.stacks.remove(name).await {
            let failed = Err(error.to_string());
            self.chores.stacks.settle(name, None, failed);
            return Ok(());
        }
        self.edges.stacks.note(name, None).await?;
        info!(stack = name, "stack {name} removed");
        self.chores.stacks.settle(name, None, Ok(()));
        Ok(())
    }
}

/// Before passwords were read once, nobody knows which images need one.
fn unread(logins: &Logins) -> Option<String> {
    let never = logins.older_than(std::time::Duration::MAX);
    logins.trouble.clone().filter(|_| never)
}
