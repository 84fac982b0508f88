//! Parameter Store.

use aws::CloudError;
use aws::parameter_store::{Created, Parameter, ParameterStore};
use protocol::Ticket;
use secrecy::{ExposeSecret, SecretString};

use super::Edge;
use crate::world::World;
use crate::world::aws::Fate;
use crate::world::machine::MachineId;

const GET: &str = "ssm:GetParameter";
const PUT: &str = "ssm:PutParameter";

impl ParameterStore for Edge {
    async fn read(&self, name: &str) -> Result<Option<SecretString>, CloudError> {
        let values = self.read_all(&[name.to_owned()]).await?;
        Ok(values.into_iter().next().flatten().map(Into::into))
    }

    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<String>>, CloudError> {
        let (world, id, names) = (self.world.clone(), self.id, names.to_vec());
        self.call(async move {
            through(&world, id, GET, false, |state| {
                names
                    .iter()
                    .map(|name| state.forged(name).or_else(|| state.read_parameter(name)))
                    .collect()
            })
            .await
        })
        .await
    }

    /// Nobody has written a stack or a password.
    async fn read_below(&self, _: &str) -> Result<Vec<Parameter>, CloudError> {
        Ok(Vec::new())
    }

    async fn create(&self, name: &str, value: &str) -> Result<Created, CloudError> {
        let (world, id) = (self.world.clone(), self.id);
        let (name, value) = (name.to_owned(), value.to_owned());
        self.call(async move {
            through(&world, id, PUT, true, |state| {
                if state.aws.latest(&name).is_some() {
                    return Created::Before;
                }
                state.check_register(id, &name, &value);
                tracing::info!(machine = id, name, value, "world: created");
                state.aws.write(state.now, &name, value.clone());
                Created::Now
            })
            .await
        })
        .await
    }

    async fn put(&self, name: &str, value: &str) -> Result<(), CloudError> {
        let (world, id) = (self.world.clone(), self.id);
        let (name, value) = (name.to_owned(), value.to_owned());
        self.call(async move {
            through(&world, id, PUT, true, |state| {
                state.check_record(id, &name, &value);
                state.aws.write(state.now, &name, value);
            })
            .await
        })
        .await
    }

    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError> {
        let (world, id) = (self.world.clone(), self.id);
        let (name, value) = (name.to_owned(), value.clone());
        self.call(async move {
            through(&world, id, PUT, true, |state| {
                assert!(name.ends_with("/ticket"), "{name} is written once");
                let before = state.aws.latest(&name).cloned().map(Into::into);
                let before = before.and_then(|text: SecretString| Ticket::parse(&text).ok());
                let ticket = Ticket::parse(&value).expect("a ticket");
                let secret = ticket.token.secret().expose_secret().contains("-w");
                assert!(secret, "a worker's token");
                state.check_ticket(id, &ticket, before.as_ref());
                tracing::info!(machine = id, ?ticket, "world: ticket written");
                state
                    .aws
                    .write(state.now, &name, value.expose_secret().to_owned());
            })
            .await
        })
        .await
    }
}

/// There, the effect, and back: any of it may take long or not take place.
async fn through<T>(
    world: &World,
    id: MachineId,
    action: &'static str,
    is_write: bool,
    effect: impl FnOnce(&mut crate::world::State) -> T,
) -> Result<T, CloudError> {
    world.pause(2, 20).await;
    let fate = world.with(|state| state.store_gate(id, action, is_write));
    let fate = match fate {
        Ok(fate) => fate,
        Err(refused) => {
            world.pause(2, 20).await;
            return Err(refused);
        }
    };
    let done = (fate != Fate::Lost).then(|| world.with(effect));
    if let (Some(done), Fate::Done) = (done, fate) {
        world.pause(2, 20).await;
        return Ok(done);
    }
    world.pause(1_000, 10_000).await;
    let cause = "no answer".into();
    Err(CloudError::Failed { action, cause })
}
