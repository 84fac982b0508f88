//! Reading the sources of stacks, and having what is new checked: by this agent, and by Docker.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use tracing::{info, warn};

use super::compose::{
    Compose, Context, NO_VERSION, Values, foreign_drivers, problems, read_named, unseen,
};
use super::sources::{Checked, Content, Object, Source, decoded, files};
use super::{Keeper, Outside};
use aws::CloudError;
use aws::depot::{Address, Depot, Fetched};
use aws::parameter_store::{Parameter, ParameterStore};
use docker::stacks::{StackError, Stacks as _};
use protocol::stacks::Origin;

/// How Docker says that it wants a version (docker/cli `cli/compose/schema`).
const UNVERSIONED: &str = "unsupported Compose file version: 1.0";

impl<O: Outside> Keeper<O> {
    /// Looks at this manager's own files.
    pub(super) fn read_files(&mut self) {
        let folder = &self.rules.folder;
        match files(folder) {
            Ok(files) => self.sources.files = files,
            Err(error) => warn!("cannot read {}: {error}", folder.display()),
        }
    }

    /// Looks at Parameter Store. What cannot be read stays as it was.
    pub(super) async fn read_parameters(&mut self) {
        let path = self.rules.stacks.clone();
        match self.edges.store.read_below(&path).await {
            Ok(parameters) => {
                let mut found = BTreeMap::new();
                for parameter in parameters {
                    let source = self.source(&path, &parameter).await;
                    found.insert(parameter.name, source);
                }
                self.sources.parameters = Some(found);
                if self.sources.trouble.take().is_some() {
                    info!("{path} can be read again");
                }
            }
            Err(error) => self.unread(&path, &error),
        }
    }

    fn unread(&mut self, path: &str, error: &CloudError) {
        let text = format!("cannot read {path}: {error}");
        if self.sources.trouble.as_ref() != Some(&text) {
            warn!("{text}; stacks that run stay");
            self.sources.trouble = Some(text);
        }
    }

    async fn source(&mut self, path: &str, parameter: &Parameter) -> Source {
        let value = parameter.value.expose_secret();
        let place = format!("{path}/{}", parameter.name);
        let (place, text) = match value.trim().parse::<Address>() {
            Ok(address) => (address.to_string(), self.fetch(&address).await),
            Err(()) if value.trim().starts_with("s3://") => {
                let cause = "cannot read it: write s3://BUCKET/KEY".to_owned();
                (place, Err(cause))
            }
            Err(()) => (place, decoded(value)),
        };
        Source::new(Origin::Parameter, &parameter.name, place, text)
    }

    /// An object's text, from S3 only if it is another one than the last time.
    async fn fetch(&mut self, address: &Address) -> Result<String, String> {
        let objects = &mut self.sources.objects;
        let known = objects.get(&address.to_string()).cloned();
        let mark = known.as_ref().map(|object| object.mark.as_str());
        let fetched = self.edges.depot.object(address, mark).await;
        match (fetched, known) {
            (Ok(Fetched::New { text, mark }), _) => {
                let object = Object {
                    mark,
                    text: text.clone(),
                };
                objects.insert(address.to_string(), object);
                Ok(text)
            }
            (Ok(Fetched::Same), Some(object)) => Ok(object.text),
            (Ok(_), _) => Err("cannot read it: there is no such object".to_owned()),
            (Err(error), _) => Err(format!("cannot read it: {error}")),
        }
    }

    /// Checks every file. Docker is not asked again while nothing in it has changed, nor in the files
    /// that it names.
    pub(super) async fn check_sources(&mut self) {
        let good = std::mem::take(&mut self.good);
        let mut sources = std::mem::take(&mut self.sources);
        for (name, source) in sources.all_mut() {
            let origin = source.origin;
            if let Content::File(file) = &mut source.content {
                file.checked = self.check(name, origin, &file.text, &good).await;
                let digest = file
                    .checked
                    .as_ref()
                    .ok()
                    .map(|checked| checked.digest.clone());
                self.good.extend(digest);
            }
        }
        self.sources = sources;
    }

    async fn check(
        &self,
        stack: &str,
        origin: Origin,
        text: &str,
        good: &BTreeSet<String>,
    ) -> Result<Checked, String> {
        let read = Compose::read(text, &self.rules.variables);
        let in_words = |error| in_words(error, &Values::of(stack, text, &self.rules.variables));
        let docker = &self.edges.docker;
        match read {
            Ok(compose) => {
                let checked = self.with_contents(text, origin, compose);
                let is_good = good.contains(&checked.digest);
                self.refuse(stack, origin, &checked, is_good).await?;
                if !is_good {
                    docker.resolve(text).await.map_err(in_words)?;
                }
                Ok(checked)
            }
            // Docker's reader takes some that ours does not.
            Err(cause) => {
                refusal(&unseen(text, origin))?;
                let resolved = docker.resolve(text).await.map_err(in_words)?;
                let unreadable = |cause: String| format!("cannot read it: {cause}");
                let resolved = resolved.ok_or_else(|| unreadable(cause))?;
                let compose = Compose::read(&resolved, &[]).map_err(unreadable)?;
                let checked = self.with_contents(text, origin, compose);
                let is_good = good.contains(&checked.digest);
                self.refuse(stack, origin, &checked, is_good).await?;
                Ok(checked)
            }
        }
    }

    fn with_contents(&self, text: &str, origin: Origin, compose: Compose) -> Checked {
        let contents = read_named(&compose, &self.rules.folder, origin);
        let digest = contents.digest(text);
        Checked {
            compose,
            contents,
            digest,
        }
    }

    /// Refuses what Docker would refuse, whatever the swarm has.
    async fn refuse(
        &self,
        stack: &str,
        origin: Origin,
        checked: &Checked,
        is_good: bool,
    ) -> Result<(), String> {
        let needs_version = self.edges.docker.needs_version().await;
        let local_drivers = if is_good {
            BTreeSet::new()
        } else {
            self.local_drivers(&checked.compose).await
        };
        let context = Context {
            stack,
            origin,
            needs_version: needs_version.map_err(|error| error.to_string())?,
            local_drivers: &local_drivers,
            contents: &checked.contents,
            objects: None,
        };
        refusal(&problems(&checked.compose, &context))
    }

    /// Those of other makers. Of one that is not there Docker says so.
    async fn local_drivers(&self, compose: &Compose) -> BTreeSet<String> {
        let mut local = BTreeSet::new();
        for driver in foreign_drivers(compose) {
            let told = self.edges.docker.is_of_one_machine(driver).await;
            if let Ok(Some(true)) = told {
                local.insert(driver.clone());
            }
        }
        local
    }
}

/// Why a file is not deployed, if anything is wrong with it.
pub(super) fn refusal(problems: &[String]) -> Result<(), String> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("cannot deploy it: {}", problems.join("; also ")))
}

fn in_words(error: StackError, values: &Values) -> String {
    if error.to_string().contains(UNVERSIONED) {
        return format!("cannot deploy it: {NO_VERSION}");
    }
    without_values(error, values).to_string()
}

/// Docker's words without what they quote of the file.
pub(super) fn without_values(error: StackError, values: &Values) -> StackError {
    match error {
        StackError::Invalid(words) => StackError::Invalid(values.cut(&words)),
        StackError::Failed(words) => StackError::Failed(values.cut(&words)),
        other => other,
    }
}
