//! An engine without Docker.

use super::*;

/// The swarm that an engine is in, and the claim it was made under if this engine made it.
type Inside = Option<(String, Option<Origin>)>;

/// One node's engine. Clones are the same engine, as after a restart of the agent.
#[derive(Clone)]
pub(in crate::run::tests) struct Engine {
    pub(in crate::run::tests) world: World,
    node: InstanceIdentity,
    inside: Rc<RefCell<Inside>>,
    /// The swarm's tasks that run here; drained nodes lose one a look.
    pub(in crate::run::tests) tasks: Rc<Cell<usize>>,
    /// What its labels say of a departure.
    pub(in crate::run::tests) label: Rc<Cell<Option<u64>>>,
    /// It refuses to leave.
    pub(in crate::run::tests) stuck: Rc<Cell<bool>>,
    pub(in crate::run::tests) leaves: Rc<Cell<usize>>,
    /// How often it was looked at.
    pub(in crate::run::tests) looks: Rc<Cell<usize>>,
}

impl Engine {
    pub(in crate::run::tests) fn new(world: World, node: &InstanceIdentity) -> Self {
        Self {
            world,
            node: node.clone(),
            inside: Rc::default(),
            tasks: Rc::default(),
            label: Rc::default(),
            stuck: Rc::default(),
            leaves: Rc::default(),
            looks: Rc::default(),
        }
    }

    fn id(&self) -> String {
        format!("node-{}", self.node.instance_id)
    }

    fn entry(&self, leader: bool) -> NodeEntry {
        let address = (self.node.private_ip, SWARM_PORT).into();
        NodeEntry {
            id: self.id(),
            created: None,
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

impl docker::NodeList for Engine {
    async fn nodes(&self, role: Option<Role>) -> Result<Vec<NodeEntry>, EngineError> {
        self.world.count("nodes");
        let nodes = self.world.state.borrow().swarms[&self.swarm_id().unwrap()].clone();
        let wanted = |node: &NodeEntry| role.is_none_or(|role| node.role == role);
        Ok(nodes.into_iter().filter(wanted).collect())
    }

    async fn update(&self, node_id: &str, change: &NodeChange) -> Result<(), EngineError> {
        self.world.count("update");
        let mut state = self.world.state.borrow_mut();
        if state.stubborn.contains(node_id) {
            return Err(EngineError::Refused {
                code: 500,
                message: "update out of sequence".into(),
            });
        }
        if state.deaf {
            return Ok(());
        }
        let nodes = state.swarms.get_mut(&self.swarm_id().unwrap()).unwrap();
        let node = nodes.iter_mut().find(|n| n.id == node_id).unwrap();
        change_entry(node, change);
        state.updates.push((node_id.to_owned(), change.clone()));
        Ok(())
    }

    async fn remove(&self, node_id: &str, force: bool) -> Result<(), EngineError> {
        self.world.count("remove");
        let mut state = self.world.state.borrow_mut();
        let nodes = state.swarms.get_mut(&self.swarm_id().unwrap()).unwrap();
        let node = nodes.iter().find(|n| n.id == node_id).unwrap();
        assert!(
            (force || !node.ready) && node.manager.is_none(),
            "the engine refuses it"
        );
        nodes.retain(|n| n.id != node_id);
        Ok(())
    }
}

impl docker::Engine for Engine {
    async fn state(&self) -> Result<EngineState, EngineError> {
        self.looks.set(self.looks.get() + 1);
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
            autolock: self.world.lock().is_some(),
            rotated: self.world.state.borrow().rotated,
        })
    }

    async fn force_new_cluster(&self, _: Ipv4Addr) -> Result<(), EngineError> {
        unreachable!("no majority is lost in this world")
    }

    async fn mark_epoch(&self, _: Epoch, _: &str) -> Result<(), EngineError> {
        unreachable!("nothing is recovered in this world")
    }

    async fn unlock_key(&self) -> Result<Option<SecretString>, EngineError> {
        Ok(self.world.lock().map(Into::into))
    }

    async fn unlock(&self, _: &SecretString) -> Result<(), EngineError> {
        unreachable!("nothing is locked in this world")
    }

    async fn taken(&self) -> Result<Vec<ipnet::Ipv4Net>, EngineError> {
        Ok(Vec::new())
    }

    async fn restart(&self) -> Result<(), EngineError> {
        unreachable!("no engine hangs in this world")
    }

    async fn clear_swarm(&self) -> Result<(), EngineError> {
        unreachable!("every engine starts in this world")
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
}

pub(super) fn change_entry(node: &mut NodeEntry, change: &NodeChange) {
    node.availability = change.availability.unwrap_or(node.availability);
    for (key, value) in &change.labels {
        match value {
            Some(value) => node.labels.insert(key.clone(), value.clone()),
            None => node.labels.remove(key),
        };
    }
    if let Some(role) = change.role {
        let address = node.address.unwrap_or([10, 0, 0, 200].into());
        let address = (address, SWARM_PORT).into();
        node.role = role;
        node.manager = (role == Role::Manager).then_some(ManagerEntry {
            address,
            reachable: true,
            leader: false,
        });
    }
}
