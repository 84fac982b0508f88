//! A swarm without Docker, registries that know one password, Parameter Store and S3 with values in them.

mod swarm;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};

use crate::compose::Compose;
use aws::CloudError;
use aws::depot::{Address, Depot, Fetched, RoleLogin};
use aws::parameter_store::{Created, Parameter, ParameterStore};
use docker::EngineError;
use docker::stacks::{Credential, Deployed, Deployment, NAMESPACE, Secret, StackError, Stacks};
use host::clock::Clock;
use protocol::stacks::Note;
use protocol::stacks::objects::{Kind, LocalNetwork, NetworkSetup, Object};

/// The only good password.
pub(super) const GOOD: &str = "u:good";
/// Ten hours.
pub(super) const ROLE_LIFE: u64 = 36_000;
const NO_MANAGER: &str =
    "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.";
/// Some time of day.
const EPOCH: u64 = 1_800_000_000;

/// All that is outside. Clones are the same world.
#[derive(Clone)]
pub(super) struct World {
    state: Rc<RefCell<State>>,
    born: Instant,
}

#[derive(Default)]
struct State {
    parameters: BTreeMap<String, String>,
    versions: BTreeMap<String, u64>,
    objects: Vec<Object>,
    local: Vec<LocalNetwork>,
    labels: BTreeMap<String, String>,
    /// What was done, in order: `deploy web`, with the hosts it was given passwords for.
    done: Vec<String>,
    calls: BTreeMap<&'static str, usize>,
    denied: bool,
    old: bool,
    /// What the engine says in place of what the swarm has.
    refuses: Option<&'static str>,
    /// What Docker's command says of every file that it reads, or deploys.
    invalid: Option<&'static str>,
    fails: Option<&'static str>,
    /// The networks of this machine that containers are in.
    entered: BTreeSet<String>,
    ids: usize,
    /// The next deployments after which the leader's process ends, before it can note them.
    dies: usize,
    /// How long a registry keeps Docker waiting, for each service.
    registry: Duration,
    /// Undoes what each deployment does.
    adversary: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            state: Rc::default(),
            born: Instant::now(),
        }
    }
}

impl World {
    /// What an operator writes into Parameter Store.
    pub(super) fn write(&self, name: &str, value: &str) {
        let mut state = self.state.borrow_mut();
        let name = format!("/swarmlet/c/{name}");
        *state.versions.entry(name.clone()).or_default() += 1;
        state.parameters.insert(name, value.into());
    }

    pub(super) fn erase(&self, name: &str) {
        let name = format!("/swarmlet/c/{name}");
        self.state.borrow_mut().parameters.remove(&name);
    }

    pub(super) fn put_object(&self, address: &str, text: &str) {
        let mut state = self.state.borrow_mut();
        state.parameters.insert(address.into(), text.into());
    }

    /// The role may not list parameters.
    pub(super) fn deny_lists(&self, denied: bool) {
        self.state.borrow_mut().denied = denied;
    }

    /// An engine that reads no file without a version.
    pub(super) fn is_old(&self) {
        self.state.borrow_mut().old = true;
    }

    /// This node is a worker from now on.
    pub(super) fn works(&self) {
        self.state.borrow_mut().refuses = Some(NO_MANAGER);
    }

    /// Docker's command reads no file, and says this.
    pub(super) fn find_invalid(&self, words: &'static str) {
        self.state.borrow_mut().invalid = Some(words);
    }

    /// Docker's command deploys no file, and says this.
    pub(super) fn fail(&self, words: &'static str) {
        self.state.borrow_mut().fails = Some(words);
    }

    /// A container is put into a network of this machine.
    pub(super) fn enter(&self, name: &str) {
        self.state
            .borrow_mut()
            .entered
            .insert(format!("local-{name}"));
    }

    pub(super) fn registry_takes(&self, time: Duration) {
        self.state.borrow_mut().registry = time;
    }

    pub(super) fn undo_all(&self) {
        self.state.borrow_mut().adversary = true;
    }

    /// A swarm that is lost and made anew has neither services nor labels.
    pub(super) fn lose_swarm(&self) {
        let mut state = self.state.borrow_mut();
        state.labels.clear();
        state.objects.clear();
    }

    pub(super) fn die_while_deploying(&self) {
        self.state.borrow_mut().dies = 1;
    }

    /// What was done since this was last asked.
    pub(super) fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.state.borrow_mut().done)
    }

    pub(super) fn calls(&self, action: &str) -> usize {
        self.state
            .borrow()
            .calls
            .get(action)
            .copied()
            .unwrap_or_default()
    }

    /// The names of what there is, with a word for what each is.
    pub(super) fn names(&self) -> Vec<String> {
        let state = self.state.borrow();
        let mut names: Vec<String> = state
            .objects
            .iter()
            .map(|o| format!("{} {}", o.kind, o.name))
            .collect();
        names.sort();
        names
    }

    /// What a person does to an object.
    pub(super) fn object(&self, name: &str, change: impl FnOnce(&mut Object)) {
        let mut state = self.state.borrow_mut();
        let object = state.objects.iter_mut().find(|object| object.name == name);
        change(object.unwrap_or_else(|| panic!("there is no {name}")));
    }

    pub(super) fn take_away(&self, name: &str) {
        self.state
            .borrow_mut()
            .objects
            .retain(|object| object.name != name);
    }

    pub(super) fn label(&self, stack: &str) -> Option<Note> {
        self.state.borrow().labels.get(stack)?.parse().ok()
    }

    pub(super) fn relabel(&self, stack: &str, text: &str) {
        self.state
            .borrow_mut()
            .labels
            .insert(stack.into(), text.into());
    }

    pub(super) fn leave_network(&self, stack: &str, name: &str) {
        let network = LocalNetwork {
            id: format!("local-{name}"),
            name: name.into(),
            stack: stack.into(),
        };
        self.state.borrow_mut().local.push(network);
    }

    /// Makes something as a person would, outside of any deployment from here.
    pub(super) fn by_hand(&self, kind: Kind, name: &str, stack: Option<&str>) {
        let mut state = self.state.borrow_mut();
        let object = state.object(kind, name, stack);
        state.objects.push(object);
    }

    fn count(&self, action: &'static str) {
        *self.state.borrow_mut().calls.entry(action).or_default() += 1;
    }
}

impl State {
    fn object(&mut self, kind: Kind, name: &str, stack: Option<&str>) -> Object {
        self.ids += 1;
        let id = format!("id{}", self.ids);
        Object {
            kind,
            mark: id.clone(),
            id,
            name: name.into(),
            stack: stack.map(str::to_owned),
            uses: BTreeSet::new(),
            rolled_back: None,
            other_image: false,
            network: (kind == Kind::Network).then(|| NetworkSetup {
                driver: "overlay".into(),
                ..NetworkSetup::default()
            }),
        }
    }

    /// As Docker does it: networks of services, secrets, configs, then the services.
    fn deploy(&mut self, deployment: &Deployment<'_>, compose: &Compose) {
        let stack = deployment.name;
        let mut wanted: Vec<(Kind, String, NetworkSetup)> = Vec::new();
        let mut networks = BTreeSet::new();
        for (name, network) in compose.own_networks(stack) {
            if !network.shared {
                networks.insert(name.clone());
                wanted.push((Kind::Network, name, network.setup));
            }
        }
        let overlay = deployment
            .overlay
            .map(|text| Compose::read(text, &[]).unwrap());
        let named = overlay.as_ref().unwrap_or(compose);
        for (kind, all) in [
            (Kind::Secret, &named.secrets),
            (Kind::Config, &named.configs),
        ] {
            for (key, one) in all.iter().filter(|(_, one)| !one.external) {
                let name = one.name.clone().unwrap_or_else(|| format!("{stack}_{key}"));
                wanted.push((kind, name, NetworkSetup::default()));
            }
        }
        for (kind, name, setup) in wanted {
            let is_there = self
                .objects
                .iter()
                .any(|o| o.kind == kind && o.name == name);
            if !is_there {
                let mut object = self.object(kind, &name, Some(stack));
                if kind == Kind::Network {
                    object.network = Some(setup);
                }
                self.objects.push(object);
            }
        }
        let services: BTreeSet<String> = compose
            .services
            .keys()
            .map(|key| format!("{stack}_{key}"))
            .collect();
        let is_own = |o: &Object| o.kind == Kind::Service && o.stack.as_deref() == Some(stack);
        self.objects.retain(|object| !is_own(object));
        for name in services {
            let mut service = self.object(Kind::Service, &name, Some(stack));
            service.mark = format!(
                "{}{}",
                deployment.file,
                deployment.overlay.unwrap_or_default()
            );
            let materials = self
                .objects
                .iter()
                .filter(|o| o.stack.as_deref() == Some(stack));
            let used = materials.filter(|o| match o.kind {
                Kind::Service => false,
                Kind::Network => networks.contains(&o.name),
                _ => deployment
                    .overlay
                    .is_some_and(|text| text.contains(&o.name)),
            });
            service.uses = used.map(|o| o.id.clone()).collect();
            self.objects.push(service);
        }
    }
}

impl Clock for World {
    fn uptime(&self) -> Duration {
        self.born.elapsed()
    }

    fn unix(&self) -> u64 {
        EPOCH + self.born.elapsed().as_secs()
    }

    fn boot(&self) -> String {
        "boot".into()
    }
}

impl ParameterStore for World {
    async fn read(&self, _: &str) -> Result<Option<SecretString>, CloudError> {
        unreachable!("stacks are read by their path")
    }

    async fn read_all(&self, _: &[String]) -> Result<Vec<Option<String>>, CloudError> {
        unreachable!("stacks are read by their path")
    }

    async fn read_below(&self, path: &str) -> Result<Vec<Parameter>, CloudError> {
        self.count("read_below");
        let state = self.state.borrow();
        if state.denied {
            return Err(CloudError::denied("ssm:GetParametersByPath", path));
        }
        let below = state.parameters.iter().filter_map(|(full, value)| {
            let name = full.strip_prefix(path)?.strip_prefix('/')?;
            Some(Parameter {
                name: name.to_owned(),
                value: value.clone().into(),
                version: state.versions.get(full).copied().unwrap_or(1),
            })
        });
        Ok(below.collect())
    }

    async fn create(&self, _: &str, _: &str) -> Result<Created, CloudError> {
        unreachable!("nothing is written for stacks")
    }

    async fn put(&self, _: &str, _: &str) -> Result<(), CloudError> {
        unreachable!("nothing is written for stacks")
    }

    async fn put_secret(&self, _: &str, _: &SecretString) -> Result<(), CloudError> {
        unreachable!("nothing is written for stacks")
    }
}

impl World {
    /// Undoes every deployment a moment later, for ever.
    pub(super) async fn adversary(&self) {
        loop {
            sleep(Duration::from_secs(1)).await;
            let mut state = self.state.borrow_mut();
            if state.adversary {
                state.objects.retain(|object| object.kind != Kind::Service);
            }
        }
    }
}

impl Depot for World {
    async fn object(&self, address: &Address, known: Option<&str>) -> Result<Fetched, CloudError> {
        self.count("object");
        let text = self
            .state
            .borrow()
            .parameters
            .get(&address.to_string())
            .cloned();
        let Some(text) = text else {
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
        Ok(RoleLogin {
            encoded: "QVdT".to_owned().into(),
            expires: self.unix() + ROLE_LIFE,
        })
    }
}
