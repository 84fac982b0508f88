//! Hand-written stand-ins: a store with write-once names, an engine without Docker.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};

use crate::cloud::CloudError;
use crate::cloud::fleet::{Fleet, Instance, InstanceState};
use crate::cloud::parameter_store::{Created, ParameterStore};
use crate::engine::probe::Probe;
use crate::engine::{self, EngineError, InitRequest, ManagerEntry, NodeEntry, SWARM_PORT, Swarm};
use crate::node::Node;
use crate::swarm::{
    Control, EngineState, Epoch, JoinToken, Member, Origin, ProbeAnswer, Probed, Role,
};

/// What all nodes share. Clones are the same world.
#[derive(Clone, Default)]
pub(super) struct World(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    parameters: BTreeMap<String, String>,
    calls: BTreeMap<&'static str, usize>,
    lost_answers: usize,
    instances: Vec<Instance>,
    swarms: BTreeMap<String, Vec<NodeEntry>>,
    inits: usize,
}

impl World {
    pub(super) fn launched(&self, node: &Node) {
        let tags = [
            ("swarm:role", node.role.as_str()),
            ("swarm:cluster", node.cluster.as_str()),
        ];
        self.0.borrow_mut().instances.push(Instance {
            id: node.instance_id.clone(),
            state: InstanceState::Alive,
            private_ip: Some(node.private_ip.into()),
            tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        });
    }

    pub(super) fn terminate(&self, id: &str) {
        let mut state = self.0.borrow_mut();
        let instance = state.instances.iter_mut().find(|i| i.id == id).unwrap();
        instance.state = InstanceState::Terminated;
    }

    /// The answers of the next `count` writes are lost on the way back.
    pub(super) fn lose_answers(&self, count: usize) {
        self.0.borrow_mut().lost_answers = count;
    }

    pub(super) fn calls(&self, action: &str) -> usize {
        self.0
            .borrow()
            .calls
            .get(action)
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.0.borrow().parameters.get(name).cloned()
    }

    pub(super) fn parameters(&self) -> Vec<String> {
        self.0.borrow().parameters.keys().cloned().collect()
    }

    pub(super) fn inits(&self) -> usize {
        self.0.borrow().inits
    }

    pub(super) fn members(&self, role: Role) -> usize {
        let state = self.0.borrow();
        state
            .swarms
            .values()
            .flatten()
            .filter(|node| node.role == role)
            .count()
    }

    fn count(&self, action: &'static str) {
        *self.0.borrow_mut().calls.entry(action).or_default() += 1;
    }

    fn answer<T>(&self, action: &'static str, value: T) -> Result<T, CloudError> {
        let mut state = self.0.borrow_mut();
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
            self.0
                .borrow_mut()
                .parameters
                .insert(name.into(), value.into());
        }
        self.answer("ssm:PutParameter", created)
    }

    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError> {
        self.count("put_secret");
        let value = value.expose_secret().to_owned();
        self.0.borrow_mut().parameters.insert(name.into(), value);
        self.answer("ssm:PutParameter", ())
    }
}

impl Fleet for World {
    async fn tags(&self, _: &str) -> Result<BTreeMap<String, String>, CloudError> {
        unreachable!("identity is given in these tests")
    }

    async fn instances(&self, ids: &[String]) -> Result<Vec<Instance>, CloudError> {
        self.count("instances");
        let state = self.0.borrow();
        Ok(state
            .instances
            .iter()
            .filter(|i| ids.contains(&i.id))
            .cloned()
            .collect())
    }
}

impl Probe for World {
    async fn probe(&self, managers: &[SocketAddr]) -> Vec<Probed> {
        managers.iter().map(|&address| self.ask(address)).collect()
    }
}

impl World {
    fn ask(&self, address: SocketAddr) -> Probed {
        let state = self.0.borrow();
        let serves = |nodes: &Vec<NodeEntry>| {
            nodes
                .iter()
                .any(|n| n.manager.is_some_and(|m| m.address == address))
        };
        let swarm = state.swarms.iter().find(|(_, nodes)| serves(nodes));
        let answer = match swarm {
            Some((id, _)) => ProbeAnswer::Manager {
                swarm_id: id.clone(),
                ca_digest: Some("1".repeat(50)),
            },
            None => ProbeAnswer::Nobody("refuses the connection".into()),
        };
        Probed { address, answer }
    }
}

fn token(kind: char) -> SecretString {
    format!(
        "SWMTKN-1-{}-{}",
        "1".repeat(50),
        kind.to_string().repeat(25)
    )
    .into()
}

/// The swarm that an engine is in, and the claim it was made under if this engine made it.
type Inside = Option<(String, Option<Origin>)>;

/// One node's engine. Clones are the same engine, as after a restart of the agent.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) world: World,
    node: Node,
    inside: Rc<RefCell<Inside>>,
}

impl Engine {
    pub(super) fn new(world: World, node: &Node) -> Self {
        Self {
            world,
            node: node.clone(),
            inside: Rc::default(),
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
            ready: true,
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
        let state = self.world.0.borrow();
        let me = state.swarms[&swarm_id].iter().find(|n| n.id == self.id());
        let control = match me.and_then(|node| node.manager) {
            Some(manager) => Control::Manager {
                leader: manager.leader,
                origin,
            },
            None => Control::Worker,
        };
        Ok(EngineState::Active(Member {
            node_id: self.id(),
            swarm_id: Some(swarm_id),
            control,
        }))
    }

    async fn init(&self, request: &InitRequest) -> Result<(), EngineError> {
        let mut state = self.world.0.borrow_mut();
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
    ) -> Result<(), EngineError> {
        assert_eq!(
            used.secret().expose_secret(),
            token('w').expose_secret(),
            "a worker's token"
        );
        let ProbeAnswer::Manager { swarm_id, .. } = self.world.ask(manager).answer else {
            return Err(EngineError::Refused {
                code: 503,
                message: "connection refused".into(),
            });
        };
        let mut state = self.world.0.borrow_mut();
        state
            .swarms
            .get_mut(&swarm_id)
            .unwrap()
            .push(self.entry(false));
        *self.inside.borrow_mut() = Some((swarm_id, None));
        Ok(())
    }

    async fn leave(&self) -> Result<(), EngineError> {
        let left = self.inside.borrow_mut().take();
        let mut state = self.world.0.borrow_mut();
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
        })
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, EngineError> {
        Ok(self.world.0.borrow().swarms[&self.swarm_id().unwrap()].clone())
    }

    async fn promote(&self, node_id: &str) -> Result<(), EngineError> {
        let mut state = self.world.0.borrow_mut();
        let nodes = state.swarms.get_mut(&self.swarm_id().unwrap()).unwrap();
        let node = nodes.iter_mut().find(|n| n.id == node_id).unwrap();
        let std::net::IpAddr::V4(ip) = node.address.unwrap() else {
            panic!()
        };
        let address = (ip, SWARM_PORT).into();
        node.role = Role::Manager;
        node.manager = Some(ManagerEntry {
            address,
            reachable: true,
            leader: false,
        });
        Ok(())
    }
}
