//! Stacks without Docker, registries that know one password, S3 with objects in it.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;

use super::World;
use crate::cloud::CloudError;
use crate::cloud::depot::{Address, Depot, Fetched, RoleLogin};
use crate::cloud::parameter_store::Parameter;
use crate::engine::EngineError;
use crate::engine::stacks::{Credential, Deployed, Secret, StackError, Stacks};
use crate::swarm::stacks::Note;

/// All of it. A deployment succeeds unless the file has the word "fails" in it.
#[derive(Default)]
pub(super) struct State {
    labels: BTreeMap<String, String>,
    present: BTreeSet<String>,
    /// What was done, in order: `deploy web 1`, with the hosts it was given passwords for.
    done: Vec<String>,
    denied: bool,
    versions: BTreeMap<String, u64>,
    /// The deployments after which the leader's process ends, before it can note them.
    dies: usize,
}

/// The only good password.
pub(in crate::run::tests) const GOOD: &str = "u:good";
/// Ten hours.
pub(in crate::run::tests) const ROLE_LIFE: u64 = 36_000;

impl World {
    /// What an operator writes into Parameter Store.
    pub(in crate::run::tests) fn write(&self, name: &str, value: &str) {
        let mut state = self.state.borrow_mut();
        let name = format!("/swarmlet/c/{name}");
        *state.stacks.versions.entry(name.clone()).or_default() += 1;
        state.parameters.insert(name, value.into());
    }

    pub(in crate::run::tests) fn erase(&self, name: &str) {
        self.forget(&format!("/swarmlet/c/{name}"));
    }

    pub(in crate::run::tests) fn put_object(&self, address: &str, text: &str) {
        let mut state = self.state.borrow_mut();
        state.parameters.insert(address.into(), text.into());
    }

    /// The role may not list parameters.
    pub(in crate::run::tests) fn deny_lists(&self, denied: bool) {
        self.state.borrow_mut().stacks.denied = denied;
    }

    /// A stack that somebody deploys by hand.
    pub(in crate::run::tests) fn by_hand(&self, name: &str) {
        self.state.borrow_mut().stacks.present.insert(name.into());
    }

    /// A swarm that is lost and made anew has neither services nor labels.
    pub(in crate::run::tests) fn lose_stacks(&self) {
        let mut state = self.state.borrow_mut();
        state.stacks.labels.clear();
        state.stacks.present.clear();
    }

    pub(in crate::run::tests) fn die_while_deploying(&self) {
        self.state.borrow_mut().stacks.dies = 1;
    }

    /// What was done since this was last asked.
    pub(in crate::run::tests) fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.state.borrow_mut().stacks.done)
    }

    pub(super) fn below(&self, path: &str) -> Result<Vec<Parameter>, CloudError> {
        self.count("read_below");
        let state = self.state.borrow();
        if state.stacks.denied {
            return Err(CloudError::Denied {
                action: "ssm:GetParametersByPath".into(),
                resource: path.into(),
            });
        }
        let below = state.parameters.iter().filter_map(|(full, value)| {
            let name = full.strip_prefix(path)?.strip_prefix('/')?;
            Some(Parameter {
                name: name.to_owned(),
                value: value.clone().into(),
                version: state.stacks.versions.get(full).copied().unwrap_or(1),
            })
        });
        Ok(below.collect())
    }
}

impl Stacks for World {
    async fn deployed(&self) -> Result<Deployed, EngineError> {
        self.count("deployed");
        let state = self.state.borrow();
        let labels = state.stacks.labels.iter();
        let notes = labels.map(|(name, note)| (name.clone(), note.parse().ok()));
        Ok(Deployed {
            notes: notes.collect(),
            present: state.stacks.present.clone(),
        })
    }

    async fn note(&self, name: &str, note: Option<&Note>) -> Result<(), EngineError> {
        let mut state = self.state.borrow_mut();
        let died = state.stacks.dies == 2;
        match note {
            Some(_) if died => {
                state.stacks.dies = 0;
                return Err(EngineError::Down("the process ended".into()));
            }
            Some(note) => drop(state.stacks.labels.insert(name.into(), note.to_string())),
            None => drop(state.stacks.labels.remove(name)),
        }
        Ok(())
    }

    async fn login(&self, credential: &Credential) -> Result<(), EngineError> {
        self.count("login");
        let Secret::Password { user, password } = &credential.secret else {
            return Ok(());
        };
        if format!("{user}:{}", password.expose_secret()) == GOOD {
            return Ok(());
        }
        Err(EngineError::Refused {
            code: 401,
            message: "unauthorized".into(),
        })
    }

    async fn resolve(&self, file: &str) -> Result<String, StackError> {
        if file.contains("broken") {
            return Err(StackError::Invalid("yaml: line 3".into()));
        }
        Ok(file.to_owned())
    }

    async fn deploy(
        &self,
        name: &str,
        file: &str,
        credentials: &[Credential],
    ) -> Result<Vec<String>, StackError> {
        if file.contains("fails") {
            return Err(StackError::Failed("no such network".into()));
        }
        let mut state = self.state.borrow_mut();
        let hosts: Vec<&str> = credentials.iter().map(|c| c.host.as_str()).collect();
        let line = format!("deploy {name} {}", hosts.join(" "));
        state.stacks.done.push(line.trim_end().to_owned());
        state.stacks.present.insert(name.into());
        if state.stacks.dies == 1 {
            state.stacks.dies = 2;
        }
        Ok(Vec::new())
    }

    async fn remove(&self, name: &str) -> Result<(), StackError> {
        let mut state = self.state.borrow_mut();
        state.stacks.done.push(format!("remove {name}"));
        state.stacks.present.remove(name);
        Ok(())
    }
}

impl Depot for World {
    async fn object(&self, address: &Address, known: Option<&str>) -> Result<Fetched, CloudError> {
        self.count("object");
        let Some(text) = self.parameter(&address.to_string()) else {
            return Ok(Fetched::Missing);
        };
        if known == Some(&text) {
            return Ok(Fetched::Same);
        }
        let mark = text.clone();
        Ok(Fetched::New { text, mark })
    }

    async fn role_login(&self, _: &str) -> Result<RoleLogin, CloudError> {
        self.count("role_login");
        let now = crate::run::Clock::unix(self);
        Ok(RoleLogin {
            encoded: "QVdT".to_owned().into(),
            expires: now + ROLE_LIFE,
        })
    }
}
