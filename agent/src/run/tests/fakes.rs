//! Hand-written stand-ins: a store with write-once names, an engine without Docker.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::cloud::CloudError;
use crate::cloud::fleet::{Facts, Fleet, Instance, InstanceState};
use crate::cloud::parameter_store::{Created, ParameterStore};
use crate::engine::probe::Probe;
use crate::engine::{
    self, EngineError, InitRequest, ManagerEntry, NodeChange, NodeEntry, SWARM_PORT, Swarm, Tasks,
};
use crate::node::Node;
use crate::swarm::{
    Availability, Control, EngineState, Epoch, Identity, JoinToken, Member, Origin, ProbeAnswer,
    Probed, Role, TokenKind, Word,
};

/// What all nodes share. Clones are the same world.
#[derive(Clone)]
pub(super) struct World {
    state: Rc<RefCell<State>>,
    pub(super) born: Instant,
}

impl Default for World {
    fn default() -> Self {
        Self {
            state: Rc::default(),
            born: Instant::now(),
        }
    }
}

#[derive(Default)]
struct State {
    parameters: BTreeMap<String, String>,
    calls: BTreeMap<&'static str, usize>,
    lost_answers: usize,
    instances: Vec<Instance>,
    swarms: BTreeMap<String, Vec<NodeEntry>>,
    inits: usize,
    tasks: BTreeMap<String, usize>,
    drawn: usize,
    rotated: Option<u64>,
    ec2_is_down: bool,
    updates: Vec<(String, NodeChange)>,
}

impl World {
    /// Changes what EC2 says of an instance.
    pub(super) fn instance(&self, number: u8, change: impl FnOnce(&mut Instance)) {
        let mut state = self.state.borrow_mut();
        let id = format!("i-{number}");
        change(state.instances.iter_mut().find(|i| i.id == id).unwrap());
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

    pub(super) fn launched(&self, node: &Node) {
        let tags = [
            ("swarm:role", node.role.as_str()),
            ("swarm:cluster", node.cluster.as_str()),
        ];
        self.state.borrow_mut().instances.push(Instance {
            id: node.instance_id.clone(),
            state: InstanceState::Alive,
            private_ip: Some(node.private_ip.into()),
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
        instance.state = InstanceState::Terminated;
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
        change_entry(node, &NodeChange::role(Role::Worker));
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
        self.count("read");
        Ok(self.parameter(name).map(Into::into))
    }

    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<String>>, CloudError> {
        self.count("read_all");
        Ok(names.iter().map(|name| self.parameter(name)).collect())
    }

    async fn create(&self, name: &str, value: &str) -> Result<Created, CloudError> {
        self.count("create");
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

    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError> {
        self.count("put_secret");
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

    async fn instances(&self, ids: &[String]) -> Result<Vec<Instance>, CloudError> {
        self.count("instances");
        let state = self.state.borrow();
        if state.ec2_is_down {
            return Err(CloudError::Failed {
                action: "ec2:DescribeInstances",
                cause: "no answer".into(),
            });
        }
        Ok(state
            .instances
            .iter()
            .filter(|i| ids.contains(&i.id))
            .cloned()
            .collect())
    }
}

impl Probe for World {
    async fn probe(&self, managers: &[SocketAddr], node_id: Option<&str>) -> Vec<Probed> {
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

/// The swarm that an engine is in, and the claim it was made under if this engine made it.
type Inside = Option<(String, Option<Origin>)>;

/// One node's engine. Clones are the same engine, as after a restart of the agent.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) world: World,
    node: Node,
    inside: Rc<RefCell<Inside>>,
    /// The swarm's tasks that run here; drained nodes lose one a look.
    pub(super) tasks: Rc<Cell<usize>>,
    /// What its labels say of a departure.
    pub(super) label: Rc<Cell<Option<u64>>>,
    /// It refuses to leave.
    pub(super) stuck: Rc<Cell<bool>>,
    pub(super) leaves: Rc<Cell<usize>>,
}

impl Engine {
    pub(super) fn new(world: World, node: &Node) -> Self {
        Self {
            world,
            node: node.clone(),
            inside: Rc::default(),
            tasks: Rc::default(),
            label: Rc::default(),
            stuck: Rc::default(),
            leaves: Rc::default(),
        }
    }

    fn id(&self) -> String {
        format!("node-{}", self.node.instance_id)
    }

    fn entry(&self, leader: bool) -> NodeEntry {
        let address = (self.node.private_ip, SWARM_PORT).into();
        NodeEntry {
            id: self.id(),
            role: if leader { Role::Manager } else { Role::Worker },
            availability: Availability::Active,
            labels: BTreeMap::new(),
            asks_to_leave: None,
            ready: true,
            down: false,
            instance_id: Some(self.node.instance_id.clone()),
            address: Some(self.node.private_ip.into()),
            manager: leader.then_some(ManagerEntry {
                address,
                reachable: true,
                leader,
            }),
        }
    }

    fn swarm_id(&self) -> Option<String> {
        self.inside.borrow().as_ref().map(|(id, _)| id.clone())
    }
}

impl engine::Engine for Engine {
    async fn state(&self) -> Result<EngineState, EngineError> {
        let Some((swarm_id, origin)) = self.inside.borrow().clone() else {
            return Ok(EngineState::Inactive);
        };
        let state = self.world.state.borrow();
        let me = state.swarms[&swarm_id].iter().find(|n| n.id == self.id());
        let control = match me.and_then(|node| node.manager) {
            Some(manager) => Control::Manager {
                leader: manager.leader,
                origin,
            },
            None => Control::Worker,
        };
        let nodes = state.swarms[&swarm_id].iter();
        let others = nodes.filter(|node| node.id != self.id());
        let identity = Identity {
            locks: false,
            node_id: Some(self.id()),
            ca_digest: Some(digest()),
            managers: others
                .filter_map(|n| n.manager.map(|m| m.address))
                .collect(),
            swarm_id: Some(swarm_id),
        };
        Ok(EngineState::Active(Member { identity, control }))
    }

    async fn init(&self, request: &InitRequest) -> Result<(), EngineError> {
        let mut state = self.world.state.borrow_mut();
        state.inits += 1;
        let id = format!("swarm-{}", state.inits);
        state.swarms.insert(id.clone(), vec![self.entry(true)]);
        let origin = Origin {
            epoch: request.epoch,
            nonce: request.claim_nonce.clone(),
        };
        *self.inside.borrow_mut() = Some((id, Some(origin)));
        Ok(())
    }

    async fn join(
        &self,
        manager: SocketAddr,
        used: &JoinToken,
        _: Ipv4Addr,
        availability: Availability,
    ) -> Result<(), EngineError> {
        assert_eq!(
            used.secret().expose_secret(),
            token('w').expose_secret(),
            "a worker's token"
        );
        let ProbeAnswer::Manager { swarm_id, .. } = self.world.ask(manager, None).answer else {
            return Err(EngineError::Refused {
                code: 503,
                message: "connection refused".into(),
            });
        };
        let mut state = self.world.state.borrow_mut();
        state.swarms.get_mut(&swarm_id).unwrap().push(NodeEntry {
            availability,
            ..self.entry(false)
        });
        *self.inside.borrow_mut() = Some((swarm_id, None));
        Ok(())
    }

    async fn leave(&self) -> Result<(), EngineError> {
        if self.stuck.get() {
            return Err(EngineError::Down("stuck".into()));
        }
        self.leaves.set(self.leaves.get() + 1);
        self.tasks.set(0);
        let left = self.inside.borrow_mut().take();
        if left.is_none() {
            return Err(EngineError::Refused {
                code: 503,
                message: "This node is not part of a swarm".into(),
            });
        }
        let mut state = self.world.state.borrow_mut();
        let nodes = state.swarms.get_mut(&left.unwrap().0).unwrap();
        nodes.retain(|node| node.id != self.id());
        Ok(())
    }

    async fn swarm(&self) -> Result<Swarm, EngineError> {
        let epoch = self
            .inside
            .borrow()
            .as_ref()
            .and_then(|(_, o)| o.as_ref().map(|o| o.epoch));
        let epoch = epoch.or(Some(Epoch::FIRST));
        Ok(Swarm {
            id: self.swarm_id().unwrap(),
            epoch,
            worker_token: token('w'),
            autolock: false,
            rotated: self.world.state.borrow().rotated,
        })
    }

    async fn nodes(&self, role: Option<Role>) -> Result<Vec<NodeEntry>, EngineError> {
        let nodes = self.world.state.borrow().swarms[&self.swarm_id().unwrap()].clone();
        let wanted = |node: &NodeEntry| role.is_none_or(|role| node.role == role);
        Ok(nodes.into_iter().filter(wanted).collect())
    }

    async fn remove(&self, node_id: &str) -> Result<(), EngineError> {
        let mut state = self.world.state.borrow_mut();
        let nodes = state.swarms.get_mut(&self.swarm_id().unwrap()).unwrap();
        let node = nodes.iter().find(|n| n.id == node_id).unwrap();
        assert!(
            !node.ready && node.manager.is_none(),
            "the engine refuses it"
        );
        nodes.retain(|n| n.id != node_id);
        Ok(())
    }

    async fn force_new_cluster(&self, _: Ipv4Addr) -> Result<(), EngineError> {
        unreachable!("no majority is lost in this world")
    }

    async fn mark_epoch(&self, _: Epoch, _: &str) -> Result<(), EngineError> {
        unreachable!("nothing is recovered in this world")
    }

    async fn unlock_key(&self) -> Result<Option<SecretString>, EngineError> {
        Ok(None)
    }

    async fn unlock(&self, _: &SecretString) -> Result<(), EngineError> {
        unreachable!("nothing is locked in this world")
    }

    async fn restart(&self) -> Result<(), EngineError> {
        unreachable!("no engine hangs in this world")
    }

    async fn rotate(&self, tokens: Option<TokenKind>, now: u64) -> Result<(), EngineError> {
        let mut state = self.world.state.borrow_mut();
        state.drawn += usize::from(tokens.is_some());
        state.rotated = Some(now);
        Ok(())
    }

    async fn tasks(&self) -> Result<Tasks, EngineError> {
        let running = self.world.state.borrow().tasks.clone();
        Ok(Tasks {
            running,
            starting: 0,
        })
    }

    async fn running_tasks(&self) -> Result<usize, EngineError> {
        let tasks = self.tasks.get();
        if self.label.get().is_some() {
            self.tasks.set(tasks.saturating_sub(1));
        }
        Ok(tasks)
    }

    async fn announce(&self, deadline: Option<u64>) -> Result<(), EngineError> {
        self.label.set(deadline);
        Ok(())
    }

    async fn update(&self, node_id: &str, change: &NodeChange) -> Result<(), EngineError> {
        let mut state = self.world.state.borrow_mut();
        let nodes = state.swarms.get_mut(&self.swarm_id().unwrap()).unwrap();
        let node = nodes.iter_mut().find(|n| n.id == node_id).unwrap();
        change_entry(node, change);
        state.updates.push((node_id.to_owned(), change.clone()));
        Ok(())
    }
}

fn change_entry(node: &mut NodeEntry, change: &NodeChange) {
    node.availability = change.availability.unwrap_or(node.availability);
    for (key, value) in &change.labels {
        match value {
            Some(value) => node.labels.insert(key.clone(), value.clone()),
            None => node.labels.remove(key),
        };
    }
    if let Some(role) = change.role {
        let address = (node.address.unwrap(), SWARM_PORT).into();
        node.role = role;
        node.manager = (role == Role::Manager).then_some(ManagerEntry {
            address,
            reachable: true,
            leader: false,
        });
    }
}
