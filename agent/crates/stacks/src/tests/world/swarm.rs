//! The world's swarm: what it has of stacks.

use super::*;

impl Stacks for World {
    async fn deployed(&self) -> Result<Deployed, EngineError> {
        self.count("deployed");
        let state = self.state.borrow();
        if let Some(says) = state.refuses {
            return Err(EngineError::Refused {
                code: 503,
                message: says.into(),
            });
        }
        let labels = state.labels.iter();
        let notes = labels.map(|(name, note)| (name.clone(), note.parse().ok()));
        Ok(Deployed {
            notes: notes.collect(),
            objects: state.objects.clone(),
            local: state.local.clone(),
        })
    }

    async fn local(&self) -> Result<Vec<LocalNetwork>, EngineError> {
        self.count("local");
        Ok(self.state.borrow().local.clone())
    }

    async fn has_containers(&self, network: &LocalNetwork) -> Result<bool, EngineError> {
        Ok(self.state.borrow().entered.contains(&network.id))
    }

    /// Of one machine, of the swarm, or not there.
    async fn is_of_one_machine(&self, driver: &str) -> Result<Option<bool>, EngineError> {
        self.count("is_of_one_machine");
        Ok(match driver {
            "acme/local" => Some(true),
            "acme/swarm" => Some(false),
            _ => None,
        })
    }

    async fn note(&self, name: &str, note: Option<&Note>) -> Result<(), EngineError> {
        self.count("note");
        let mut state = self.state.borrow_mut();
        let died = state.dies == 2;
        match note {
            Some(_) if died => {
                state.dies = 0;
                return Err(EngineError::Down("the process ended".into()));
            }
            Some(note) => drop(state.labels.insert(name.into(), note.to_string())),
            None => drop(state.labels.remove(name)),
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

    async fn needs_version(&self) -> Result<bool, StackError> {
        Ok(self.state.borrow().old)
    }

    async fn resolve(&self, file: &str) -> Result<Option<String>, StackError> {
        self.count("resolve");
        if file.contains("broken") {
            return Err(StackError::Invalid("yaml: line 3".into()));
        }
        if let Some(words) = self.state.borrow().invalid {
            return Err(StackError::Invalid(words.into()));
        }
        Ok((!self.state.borrow().old).then(|| file.to_owned()))
    }

    async fn deploy(&self, deployment: &Deployment<'_>) -> Result<Vec<String>, StackError> {
        let each = self.state.borrow().registry;
        let services = u32::try_from(deployment.services).unwrap();
        sleep(each * services).await;
        if deployment.file.contains("fails") {
            return Err(StackError::Failed("no such image".into()));
        }
        if let Some(words) = self.state.borrow().fails {
            return Err(StackError::Failed(words.into()));
        }
        let mut state = self.state.borrow_mut();
        let blocking = state.local.iter().any(|left| left.stack == deployment.name);
        if blocking {
            return Err(StackError::Failed(
                "network cannot be used with services".into(),
            ));
        }
        let compose = Compose::read(deployment.file, &[]).unwrap();
        state.deploy(deployment, &compose);
        let hosts: Vec<&str> = deployment
            .credentials
            .iter()
            .map(|c| c.host.as_str())
            .collect();
        let line = format!("deploy {} {}", deployment.name, hosts.join(" "));
        state.done.push(line.trim_end().to_owned());
        if state.dies == 1 {
            state.dies = 2;
        }
        Ok(Vec::new())
    }

    async fn remove(&self, name: &str) -> Result<(), StackError> {
        let mut state = self.state.borrow_mut();
        state.done.push(format!("remove {name}"));
        state
            .objects
            .retain(|object| object.stack.as_deref() != Some(name));
        Ok(())
    }

    async fn create_network(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        setup: &NetworkSetup,
    ) -> Result<(), EngineError> {
        let mut state = self.state.borrow_mut();
        let mut object = state.object(
            Kind::Network,
            name,
            labels.get(NAMESPACE).map(String::as_str),
        );
        object.network = Some(setup.clone());
        state.objects.push(object);
        state.done.push(format!("create network {name}"));
        Ok(())
    }

    async fn remove_object(&self, kind: Kind, id: &str) -> Result<(), EngineError> {
        let mut state = self.state.borrow_mut();
        if state.objects.iter().any(|object| object.uses.contains(id)) {
            let message = format!("{kind} {id} is in use");
            return Err(EngineError::Refused { code: 400, message });
        }
        state.local.retain(|left| left.id != id);
        state.objects.retain(|object| object.id != id);
        state.done.push(format!("remove {kind}"));
        Ok(())
    }

    async fn forget_image(&self, service_id: &str) -> Result<(), EngineError> {
        let mut state = self.state.borrow_mut();
        let adversary = state.adversary;
        let service = state
            .objects
            .iter_mut()
            .find(|object| object.id == service_id);
        service.unwrap().other_image = adversary;
        state.done.push("forget image".into());
        Ok(())
    }
}
