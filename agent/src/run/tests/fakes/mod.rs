//! Hand-written stand-ins: a store with write-once names and EC2 here, an engine without Docker beside it.

mod engine;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::identity::InstanceIdentity;
use aws::CloudError;
use aws::fleet::{Fleet, Word as Answered};
use aws::parameter_store::{Created, Parameter, ParameterStore};
use docker::probe::Probe;
use docker::{EngineError, InitRequest};
pub(super) use engine::Engine;
use protocol::{ManagerEntry, NodeChange, NodeEntry, SWARM_PORT, Swarm, Tasks};

use protocol::{
    Availability, Control, EngineState, Epoch, Facts, Identity, JoinToken, Life, Member, Origin,
    ProbeAnswer, Probed, Role, TokenKind, Told, Word,
};

/// What all nodes share. Clones are the same world.
#[derive(Clone)]
pub(super) struct World {
    state: Rc<RefCell<State>>,
    pub(super) born: Instant,
    answers: Rc<Notify>,
    /// How far AWS's clock is ahead of this one's.
    pub(super) aws_ahead: Rc<Cell<Option<f64>>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            state: Rc::default(),
            aws_ahead: Rc::default(),
            answers: Rc::default(),
            born: Instant::now(),
        }
    }
}

#[derive(Default)]
struct State {
    parameters: BTreeMap<String, String>,
    calls: BTreeMap<&'static str, usize>,
    lost_answers: usize,
    instances: Vec<Told>,
    swarms: BTreeMap<String, Vec<NodeEntry>>,
    inits: usize,
    tasks: BTreeMap<String, usize>,
    drawn: usize,
    rotated: Option<u64>,
    boots: usize,
    ec2_is_down: bool,
    /// Of a zone that fails.
    silent: Vec<String>,
    /// Calls that nobody answers.
    silenced: BTreeSet<&'static str>,
    /// Calls that are refused.
    refused: BTreeMap<&'static str, CloudError>,
    deaf: bool,
    /// Nodes whose entries cannot be changed.
    stubborn: BTreeSet<String>,
    updates: Vec<(String, NodeChange)>,
    /// The key of swarms that lock.
    lock: Option<String>,
}

impl World {
    /// Changes what EC2 says of an instance.
    pub(super) fn instance(&self, number: u8, change: impl FnOnce(&mut Told)) {
        let mut state = self.state.borrow_mut();
        let id = format!("i-{number}");
        change(state.instances.iter_mut().find(|i| i.id == id).unwrap());
    }

    /// All swarms lock, by that key.
    pub(super) fn locks(&self, key: &str) {
        self.state.borrow_mut().lock = Some(key.to_owned());
    }

    fn lock(&self) -> Option<String> {
        self.state.borrow().lock.clone()
    }

    /// All machines boot again; their clock goes on, as a container's does.
    pub(super) fn boot_again(&self) {
        self.state.borrow_mut().boots += 1;
    }

    pub(super) fn boots(&self) -> usize {
        self.state.borrow().boots
    }

    /// Looks at a node's entry, or changes it, as its engine or a person would.
    pub(super) fn node<R>(&self, number: u8, look: impl FnOnce(&mut NodeEntry) -> R) -> R {
        let mut state = self.state.borrow_mut();
        let id = format!("node-i-{number}");
        let mut all = state.swarms.values_mut().flatten();
        look(all.find(|node| node.id == id).expect("an entry"))
    }

    pub(super) fn has_entry(&self, number: u8) -> bool {
        let id = format!("node-i-{number}");
        let state = self.state.borrow();
        state.swarms.values().flatten().any(|node| node.id == id)
    }

    pub(super) fn set_tasks(&self, number: u8, count: usize) {
        let id = format!("node-i-{number}");
        self.state.borrow_mut().tasks.insert(id, count);
    }

    /// The engine takes changes of nodes' entries, and they have no effect.
    pub(super) fn is_stubborn(&self, id: &str) {
        self.state.borrow_mut().stubborn.insert(id.to_owned());
    }

    pub(super) fn is_deaf(&self, is_deaf: bool) {
        self.state.borrow_mut().deaf = is_deaf;
    }

    /// Puts a node on every list.
    pub(super) fn put_entry(&self, entry: &NodeEntry) {
        let mut state = self.state.borrow_mut();
        for nodes in state.swarms.values_mut() {
            nodes.push(entry.clone());
        }
    }

    /// From now on this call is refused so; or no longer.
    pub(super) fn refuse(&self, call: &'static str, why: Option<CloudError>) {
        let refused = &mut self.state.borrow_mut().refused;
        match why {
            Some(why) => drop(refused.insert(call, why)),
            None => drop(refused.remove(call)),
        }
    }

    /// From now on nobody answers this call.
    pub(super) fn stall(&self, call: &'static str) {
        self.state.borrow_mut().silenced.insert(call);
    }

    /// Everybody is answered again, also who waits.
    pub(super) fn answers_again(&self) {
        self.state.borrow_mut().silenced.clear();
        self.answers.notify_waiters();
    }

    /// What somebody wrote.
    pub(super) fn write(&self, name: &str, value: String) {
        self.state
            .borrow_mut()
            .parameters
            .insert(name.into(), value);
    }

    /// EC2 says nothing about these.
    pub(super) fn silence(&self, ids: &[&str]) {
        self.state.borrow_mut().silent = ids.iter().map(|id| (*id).to_owned()).collect();
    }

    pub(super) fn ec2_is_down(&self, is_down: bool) {
        self.state.borrow_mut().ec2_is_down = is_down;
    }

    /// How often tokens were drawn, and what the swarm's label says of when.
    pub(super) fn rotations(&self) -> (usize, Option<u64>) {
        let state = self.state.borrow();
        (state.drawn, state.rotated)
    }

    /// The changes of one node's entry so far.
    pub(super) fn updates(&self, number: u8) -> Vec<NodeChange> {
        let id = format!("node-i-{number}");
        let state = self.state.borrow();
        let own = state.updates.iter().filter(|(node, _)| *node == id);
        own.map(|(_, change)| change.clone()).collect()
    }

    pub(super) fn launched(&self, node: &InstanceIdentity) {
        let tags = [
            ("swarm:role", node.role.as_str()),
            ("swarm:cluster", node.cluster.as_str()),
        ];
        self.state.borrow_mut().instances.push(Told {
            id: node.instance_id.clone(),
            profile: Some(format!("{}s", node.role.as_str())),
            life: Life::Alive,
            addresses: vec![IpAddr::from(node.private_ip).into()],
            tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            facts: Facts {
                zone: Some("ra".into()),
                ..Facts::default()
            },
        });
    }

    pub(super) fn terminate(&self, id: &str) {
        let mut state = self.state.borrow_mut();
        let instance = state.instances.iter_mut().find(|i| i.id == id).unwrap();
        instance.life = Life::Terminated;
    }

    /// The answers of the next `count` writes are lost on the way back.
    pub(super) fn lose_answers(&self, count: usize) {
        self.state.borrow_mut().lost_answers = count;
    }

    pub(super) fn calls(&self, action: &str) -> usize {
        self.state
            .borrow()
            .calls
            .get(action)
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.state.borrow().parameters.get(name).cloned()
    }

    pub(super) fn forget(&self, name: &str) {
        self.state.borrow_mut().parameters.remove(name);
    }

    pub(super) fn parameters(&self) -> Vec<String> {
        self.state.borrow().parameters.keys().cloned().collect()
    }

    /// A node's entry, where it is on a list.
    pub(super) fn entry(&self, id: &str) -> Option<NodeEntry> {
        let state = self.state.borrow();
        let mut nodes = state.swarms.values().flatten();
        nodes.find(|node| node.id == id).cloned()
    }

    /// What the leader does with a manager that departs.
    pub(super) fn demote(&self, id: &str) {
        let mut state = self.state.borrow_mut();
        let mut nodes = state.swarms.values_mut().flatten();
        let node = nodes.find(|node| node.id == id).unwrap();
        engine::change_entry(node, &NodeChange::role(Role::Worker));
    }

    pub(super) fn inits(&self) -> usize {
        self.state.borrow().inits
    }

    pub(super) fn members(&self, role: Role) -> usize {
        let state = self.state.borrow();
        state
            .swarms
            .values()
            .flatten()
            .filter(|node| node.role == role)
            .count()
    }

    fn count(&self, action: &'static str) {
        *self.state.borrow_mut().calls.entry(action).or_default() += 1;
    }

    /// Counts a call, which stays without an answer or is refused where it is to be.
    async fn gate(&self, action: &'static str) -> Result<(), CloudError> {
        self.count(action);
        self.answered(action).await;
        let state = self.state.borrow();
        state.refused.get(action).cloned().map_or(Ok(()), Err)
    }

    async fn answered(&self, action: &'static str) {
        while self.state.borrow().silenced.contains(action) {
            self.answers.notified().await;
        }
    }

    fn answer<T>(&self, action: &'static str, value: T) -> Result<T, CloudError> {
        let mut state = self.state.borrow_mut();
        if state.lost_answers == 0 {
            return Ok(value);
        }
        state.lost_answers -= 1;
        Err(CloudError::Failed {
            action,
            cause: "connection reset".into(),
        })
    }
}

impl ParameterStore for World {
    async fn read(&self, name: &str) -> Result<Option<SecretString>, CloudError> {
        self.gate("read").await?;
        Ok(self.parameter(name).map(Into::into))
    }

    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<String>>, CloudError> {
        self.gate("read_all").await?;
        Ok(names.iter().map(|name| self.parameter(name)).collect())
    }

    async fn read_below(&self, _: &str) -> Result<Vec<Parameter>, CloudError> {
        unreachable!("stacks are kept by a task of their own")
    }

    async fn create(&self, name: &str, value: &str) -> Result<Created, CloudError> {
        self.gate("create").await?;
        let created = match self.parameter(name) {
            Some(_) => Created::Before,
            None => Created::Now,
        };
        if created == Created::Now {
            self.state
                .borrow_mut()
                .parameters
                .insert(name.into(), value.into());
        }
        self.answer("ssm:PutParameter", created)
    }

    async fn put(&self, name: &str, value: &str) -> Result<(), CloudError> {
        self.gate("put").await?;
        let value = value.to_owned();
        self.state
            .borrow_mut()
            .parameters
            .insert(name.into(), value);
        self.answer("ssm:PutParameter", ())
    }

    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError> {
        self.gate("put_secret").await?;
        let value = value.expose_secret().to_owned();
        self.state
            .borrow_mut()
            .parameters
            .insert(name.into(), value);
        self.answer("ssm:PutParameter", ())
    }
}

impl Fleet for World {
    async fn tags(&self, _: &str) -> Result<BTreeMap<String, String>, CloudError> {
        unreachable!("identity is given in these tests")
    }

    async fn instances(&self, asker: &str, ids: &[String]) -> Result<Answered, CloudError> {
        self.gate("instances").await?;
        let state = self.state.borrow();
        if state.ec2_is_down {
            return Err(CloudError::Failed {
                action: "ec2:DescribeInstances",
                cause: "no answer".into(),
            });
        }
        let meant = |i: &&Told| i.id == asker || ids.contains(&i.id);
        let known = state.instances.iter().filter(meant).cloned();
        let (silent, known) = known.partition(|i: &Told| state.silent.contains(&i.id));
        let silent: Vec<Told> = silent;
        Ok(Answered {
            known,
            silent: silent.into_iter().map(|i| i.id).collect(),
        })
    }
}

impl Probe for World {
    async fn probe(&self, managers: &[SocketAddr], node_id: Option<&str>) -> Vec<Probed> {
        self.answered("probe").await;
        let ask = |&address| self.ask(address, node_id);
        managers.iter().map(ask).collect()
    }
}

impl World {
    fn ask(&self, address: SocketAddr, node_id: Option<&str>) -> Probed {
        let state = self.state.borrow();
        let serves = |nodes: &Vec<NodeEntry>| {
            nodes
                .iter()
                .any(|n| n.manager.is_some_and(|m| m.address == address))
        };
        let swarm = state.swarms.iter().find(|(_, nodes)| serves(nodes));
        let answer = match swarm {
            Some((id, nodes)) => ProbeAnswer::Manager {
                swarm_id: id.clone(),
                ca_digest: Some(digest()),
                word: match node_id {
                    None => Word::Unknown,
                    Some(id) if nodes.iter().any(|node| node.id == id) => Word::Member,
                    Some(_) => Word::Removed,
                },
            },
            None => ProbeAnswer::Nobody("refuses the connection".into()),
        };
        Probed { address, answer }
    }
}

fn digest() -> String {
    "1".repeat(50)
}

fn token(kind: char) -> SecretString {
    format!("SWMTKN-1-{}-{}", digest(), kind.to_string().repeat(25)).into()
}
