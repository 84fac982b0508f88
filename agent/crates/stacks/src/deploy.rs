//! The steps: one deployment, one removal, or a note of what an earlier version has deployed.

use tracing::{debug, info, warn};

use super::compose::{Values, differs, is_of};
use super::fetch::without_values;
use super::left::in_use;
use super::logins::Logins;
use super::sources::Checked;
use super::{Keeper, Outside};
use docker::EngineError;
use docker::sentences::is_of_contents;
use docker::stacks::{Deployment, NAMESPACE, StackError, Stacks as _};
use protocol::stacks::objects::{
    Kind, NetworkSetup, Object, differences, leftovers, of_stack, present,
};
use protocol::stacks::{Facts, Note, Stage, Want};

/// What to do where the content of a secret or config is another one.
const RENAME: &str = "Docker cannot change what is in a secret or config: give it another `name:`, or none, and the \
                      file `version: \"3.8\"`";

impl<O: Outside> Keeper<O> {
    /// Deploys a stack: noted in the swarm before and after, so that the next leader finishes what
    /// this one has begun.
    pub(super) async fn deploy(&mut self, name: &str) -> Result<(), EngineError> {
        self.read_registries().await;
        let Some(source) = self.sources.get(name).cloned() else {
            return Ok(());
        };
        let Some((file, checked)) = source.checked() else {
            return Ok(());
        };
        self.tell_changes(name);
        let want = self.want(&source, checked);
        let done = self.give(name, &file.text, checked, &want).await?;
        let digest = checked.digest.get(..12).unwrap_or_default();
        let place = &source.place;
        if let Ok(warnings) = &done {
            info!(
                stack = name,
                source = place,
                digest,
                "stack {name} deployed from {place}"
            );
            for warning in warnings {
                warn!(stack = name, "stack {name}: {warning}");
            }
        }
        self.steps
            .took(name, Some(want), done.err(), self.edges.now());
        Ok(())
    }

    /// What somebody has changed is set right, and said.
    fn tell_changes(&self, name: &str) {
        let Some(before) = self.whole.of(name) else {
            return;
        };
        let named = self.named(name);
        let now = of_stack(&self.deployed.objects, name, &named);
        let changes = differences(before, &now);
        if !changes.is_empty() {
            let changes = changes.join(", ");
            info!(
                stack = name,
                "stack {name} is not as it was deployed: {changes}"
            );
        }
    }

    /// The inner error is the stack's own, the outer one that of the swarm's labels.
    async fn give(
        &mut self,
        name: &str,
        file: &str,
        checked: &Checked,
        want: &Want,
    ) -> Result<Result<Vec<String>, String>, EngineError> {
        if let Some(trouble) = unread(&self.logins) {
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
            objects: None,
            logins,
        };
        self.edges.docker.note(name, Some(&note)).await?;
        let values = Values::of(name, file, &self.rules.variables);
        if let Err(error) = self.make_way(name, checked, &values).await {
            return Ok(Err(error));
        }
        let overlay = checked.compose.renamed(name, &checked.contents);
        let deployment = Deployment {
            name,
            file,
            overlay: overlay.as_deref(),
            credentials: &credentials,
            resolve: self.rules.resolve,
            services: checked.compose.services.len(),
        };
        let warnings = match self.edges.docker.deploy(&deployment).await {
            Ok(warnings) => warnings.iter().map(|words| values.cut(words)).collect(),
            Err(error) => return Ok(Err(explained(&without_values(error, &values)))),
        };
        note.objects = Some(self.sweep(name, checked).await?);
        note.stage = Stage::Deployed;
        self.edges.docker.note(name, Some(&note)).await?;
        Ok(Ok(warnings))
    }

    /// Takes away what stands in the way of a deployment and makes what Docker does not: networks that
    /// an earlier try has left on this machine, networks that nobody uses and that are to be others, and
    /// images that somebody changed by hand; networks that only other stacks use.
    async fn make_way(&self, name: &str, checked: &Checked, values: &Values) -> Result<(), String> {
        let docker = &self.edges.docker;
        for left in self.deployed.local.iter().filter(|left| left.stack == name) {
            let removed = docker.remove_object(Kind::Network, &left.id).await;
            removed.map_err(|error| in_use(left, &error))?;
            info!(
                stack = name,
                network = left.name,
                "network of one machine removed"
            );
        }
        let changed = self
            .deployed
            .objects
            .iter()
            .filter(|object| object.other_image && object.stack.as_deref() == Some(name));
        for service in changed {
            let forgotten = docker.forget_image(&service.id).await;
            forgotten.map_err(|error| {
                let cause = values.cut(&error.to_string());
                format!("cannot update service {}: {cause}", service.name)
            })?;
        }
        self.make_networks(name, checked, values).await
    }

    async fn make_networks(
        &self,
        name: &str,
        checked: &Checked,
        values: &Values,
    ) -> Result<(), String> {
        let docker = &self.edges.docker;
        for (wanted, network) in checked.compose.own_networks(name) {
            let is_it = |object: &&_| is_network(object, &wanted);
            let there = self.deployed.objects.iter().find(is_it);
            let mut is_there = there.is_some();
            // Another stack's, or nobody's, is not taken away.
            let own = there.filter(|object| is_of(object, name));
            if let Some(object) = own.filter(|object| self.is_other(object, &network.setup)) {
                let removed = docker.remove_object(Kind::Network, &object.id).await;
                removed.map_err(|error| format!("cannot remove the network {wanted}: {error}"))?;
                is_there = false;
            }
            if !is_there && network.shared {
                let mut labels = network.labels.clone();
                labels.insert(NAMESPACE.to_owned(), name.to_owned());
                let made = docker
                    .create_network(&wanted, &labels, &network.setup)
                    .await;
                made.map_err(|error| {
                    let cause = values.cut(&error.to_string());
                    format!("cannot create the network {wanted}: {cause}")
                })?;
            }
        }
        Ok(())
    }

    /// Whether a network is not set up as wanted, and can be replaced: no service uses it.
    fn is_other(&self, there: &Object, wanted: &NetworkSetup) -> bool {
        let is = there.network.as_ref();
        let all = &self.deployed.objects;
        is.is_some_and(|is| differs(is, wanted).is_some())
            && !all.iter().any(|object| object.uses.contains(&there.id))
    }

    /// Removes what the file does not name any more and nothing uses; returns what there is now.
    async fn sweep(&mut self, name: &str, checked: &Checked) -> Result<u64, EngineError> {
        let named = checked.compose.makes(name, &checked.contents);
        self.deployed = self.edges.docker.deployed().await?;
        for left in leftovers(&self.deployed.objects, name, &named) {
            match self.edges.docker.remove_object(left.kind, &left.id).await {
                Ok(()) => info!(
                    stack = name,
                    "{} {} removed: not in the file", left.kind, left.name
                ),
                Err(error) => debug!(%error, "{} {} stays", left.kind, left.name),
            }
        }
        Ok(present(&self.deployed.objects, name, &named).fingerprint)
    }

    /// Notes what the swarm has of a stack, so that changes are noticed from now on.
    pub(super) async fn adopt(&mut self, name: &str, facts: &Facts) -> Result<(), EngineError> {
        let note = facts.notes.get(name).cloned().flatten();
        let fingerprint = facts.present.get(name).map(|has| has.fingerprint);
        if let Some(note) = note {
            let note = Note {
                objects: fingerprint,
                ..note
            };
            self.edges.docker.note(name, Some(&note)).await?;
        }
        Ok(())
    }

    /// Removes a stack whose source is gone, and then its note.
    pub(super) async fn remove(&mut self, name: &str) -> Result<(), EngineError> {
        if let Err(error) = self.edges.docker.remove(name).await {
            let now = self.edges.now();
            self.steps.took(name, None, Some(error.to_string()), now);
            return Ok(());
        }
        self.removed = true;
        self.edges.docker.note(name, None).await?;
        info!(stack = name, "stack {name} removed");
        self.steps.took(name, None, None, self.edges.now());
        Ok(())
    }
}

fn is_network(object: &Object, name: &str) -> bool {
    object.kind == Kind::Network && object.name == name
}

fn explained(error: &StackError) -> String {
    let error = error.to_string();
    if is_of_contents(&error) {
        return format!("{error}; {RENAME}");
    }
    error
}

/// Before passwords were read once, nobody knows which images need one.
fn unread(logins: &Logins) -> Option<String> {
    logins.trouble.clone().filter(|_| logins.is_unread())
}
