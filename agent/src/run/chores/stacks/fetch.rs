//! Reading the sources of stacks, and having Docker check what is new.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use tracing::{info, warn};

use super::sources::{Content, FOLDER, Object, Source, Sources, files};
use crate::cloud::CloudError;
use crate::cloud::depot::{Address, Depot, Fetched};
use crate::cloud::parameter_store::{Parameter, ParameterStore};
use crate::engine::stacks::{StackError, Stacks as _, registries};
use crate::run::{Agent, Outside};
use crate::swarm::stacks::Origin;

impl<O: Outside> Agent<O> {
    /// Looks at this manager's own files.
    pub(super) fn read_files(&mut self) {
        let folder = self.settings.host_path(FOLDER);
        let sources = &mut self.chores.stacks.sources;
        match files(&folder) {
            Ok(mut files) => {
                Sources::keep_checks(&sources.files, &mut files);
                sources.files = files;
            }
            Err(error) => warn!("cannot read {}: {error}", folder.display()),
        }
    }

    /// Looks at Parameter Store. What cannot be read stays as it was.
    pub(super) async fn read_parameters(&mut self) {
        let path = self.names.stacks();
        match self.edges.store.read_below(&path).await {
            Ok(parameters) => {
                let mut found = BTreeMap::new();
                for parameter in parameters {
                    let source = self.source(&path, &parameter).await;
                    found.insert(parameter.name, source);
                }
                let sources = &mut self.chores.stacks.sources;
                let old = sources.parameters.take().unwrap_or_default();
                Sources::keep_checks(&old, &mut found);
                sources.parameters = Some(found);
                if sources.trouble.take().is_some() {
                    info!("{path} can be read again");
                }
            }
            Err(error) => self.stacks_unread(&path, &error),
        }
    }

    fn stacks_unread(&mut self, path: &str, error: &CloudError) {
        let text = format!("cannot read {path}: {error}");
        let trouble = &mut self.chores.stacks.sources.trouble;
        if trouble.as_ref() != Some(&text) {
            warn!("{text}; stacks that run stay");
            *trouble = Some(text);
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
            Err(()) => (place, Ok(value.to_owned())),
        };
        Source::new(Origin::Parameter, &parameter.name, place, text)
    }

    /// An object's text, from S3 only if it is another one than the last time.
    async fn fetch(&mut self, address: &Address) -> Result<String, String> {
        let objects = &mut self.chores.stacks.sources.objects;
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

    /// Has Docker read every file that is new.
    pub(super) async fn check_sources(&mut self) {
        let sources = &mut self.chores.stacks.sources;
        let all = sources.files.values_mut();
        for source in all.chain(sources.parameters.iter_mut().flat_map(BTreeMap::values_mut)) {
            if let Content::File(file) = &mut source.content
                && file.hosts.is_err()
            {
                let resolved = self.edges.stacks.resolve(&file.text).await;
                let resolved = resolved.map(|text| registries(&text));
                file.hosts = resolved.map_err(|error: StackError| error.to_string());
            }
        }
    }
}
