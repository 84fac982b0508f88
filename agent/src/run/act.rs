//! One function an action. Each does its step and notes what it learnt.

use std::net::SocketAddr;

use tracing::info;

use super::knowledge::{Learnt, note};
use super::{Agent, StepError};
use crate::cloud::fleet::{Fleet, InstanceState};
use crate::cloud::parameter_store::ParameterStore;
use crate::engine::pools;
use crate::engine::probe::Probe;
use crate::engine::{Engine, EngineError, InitRequest};
use crate::swarm::{Action, EngineState, Epoch, Membership, Ticket, Trouble};

impl<S, F, E, P> Agent<S, F, E, P>
where
    S: ParameterStore,
    F: Fleet,
    E: Engine,
    P: Probe,
{
    /// Takes one step. `Wait` and `Serve` are the loop's own.
    pub(super) async fn act(&mut self, action: &Action) -> Result<(), StepError> {
        match action {
            Action::Wait(_) | Action::Serve(_) => Ok(()),
            Action::ReadTicket => self.read_ticket().await,
            Action::ReadRegisters(epoch) => self.read_registers(*epoch).await,
            Action::CreateClaim(epoch) => self.create_claim(*epoch).await,
            Action::InitSwarm(epoch) => self.init(*epoch).await,
            Action::DeclareFormed(epoch) => self.declare_formed(*epoch).await,
            Action::PassOver(epoch) => self.pass_over(*epoch).await,
            Action::AskAboutHolder(id) => self.ask_about_holder(id).await,
            Action::Probe => self.probe().await,
            Action::Join(manager) => self.join(*manager).await,
            Action::Remember(epoch) => self.remember(*epoch).await,
            Action::Leave => self.leave().await,
        }
    }

    /// Trouble is an answer here: the decision waits it out and says what it is.
    async fn read_ticket(&mut self) -> Result<(), StepError> {
        let value = match self.edges.store.read(&self.names.ticket()).await {
            Ok(None) => Ok(None),
            Ok(Some(value)) => Ticket::parse(&value)
                .map(Some)
                .map_err(|error| Trouble::Failed(error.to_string())),
            Err(error) => Err(error.into()),
        };
        note(&mut self.knowledge.ticket, value, |old, new| old == new);
        Ok(())
    }

    async fn init(&mut self, epoch: Epoch) -> Result<(), StepError> {
        let swarm = &self.settings.swarm;
        let request = InitRequest {
            advertise: self.node.private_ip,
            address_pool: swarm
                .address_pool
                .unwrap_or_else(|| pools::overlay_pool(&self.node.vpc_cidrs)),
            subnet_size: swarm.subnet_size,
            data_path_port: swarm.data_path_port,
            epoch,
            claim_nonce: self.memory.draw_nonce(epoch)?,
        };
        self.edges.engine.init(&request).await?;
        info!(epoch = epoch.number(), pool = %request.address_pool, "swarm created");
        Ok(())
    }

    /// The answer counts only if it contains this node's own instance: an empty or partial
    /// one says nothing about anybody.
    async fn ask_about_holder(&mut self, holder: &str) -> Result<(), StepError> {
        let ids = [holder.to_owned(), self.node.instance_id.clone()];
        let answer = self.edges.fleet.instances(&ids).await;
        let gone = answer.as_ref().ok().and_then(|instances| {
            let state = |id: &str| instances.iter().find(|i| i.id == id).map(|i| i.state);
            state(&self.node.instance_id)?;
            Some(state(holder)? == InstanceState::Terminated)
        });
        self.knowledge.holder_is_gone(gone);
        answer.map(|_| ()).map_err(StepError::from)
    }

    async fn probe(&mut self) -> Result<(), StepError> {
        let ticket = self.ticket();
        let managers = ticket
            .map(|ticket| ticket.managers.clone())
            .unwrap_or_default();
        let answers = self.edges.probe.probe(&managers).await;
        note(&mut self.knowledge.managers, Ok(answers), |_, _| true);
        Ok(())
    }

    fn ticket(&self) -> Option<&Ticket> {
        let learnt = self.knowledge.ticket.as_ref();
        learnt.and_then(Learnt::value).and_then(Option::as_ref)
    }

    /// A join that fails is a fact for the next decision, not an error of the loop: the
    /// engine may go on with it in the background.
    async fn join(&mut self, manager: SocketAddr) -> Result<(), StepError> {
        let Some(ticket) = self.ticket().cloned() else {
            return Ok(());
        };
        let joined = self
            .edges
            .engine
            .join(manager, &ticket.token, self.node.private_ip)
            .await;
        match joined {
            Ok(()) => {
                info!(%manager, epoch = ticket.epoch.number(), "joined the swarm");
                self.note_membership(&ticket.swarm_id, ticket.epoch).await
            }
            Err(error) => {
                self.knowledge.join_failed(explained(&error, manager));
                Ok(())
            }
        }
    }

    /// Remembers a swarm that has been shown to be the cluster's.
    async fn remember(&mut self, epoch: Epoch) -> Result<(), StepError> {
        let swarm_id = match self.edges.engine.state().await? {
            EngineState::Active(member) => member.swarm_id,
            _ => None,
        };
        match swarm_id {
            Some(swarm_id) => self.note_membership(&swarm_id, epoch).await,
            None => Ok(()),
        }
    }

    async fn note_membership(&mut self, swarm_id: &str, epoch: Epoch) -> Result<(), StepError> {
        let EngineState::Active(member) = self.edges.engine.state().await? else {
            return Ok(());
        };
        let membership = Membership {
            instance_id: self.node.instance_id.clone(),
            node_id: member.node_id,
            swarm_id: swarm_id.to_owned(),
            epoch,
        };
        self.memory.remember(&membership)?;
        self.knowledge.joined(membership);
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), StepError> {
        self.edges.engine.leave().await?;
        self.memory.forget()?;
        self.knowledge.has_left();
        info!("left the swarm");
        Ok(())
    }
}

fn explained(error: &EngineError, manager: SocketAddr) -> String {
    match error {
        EngineError::Refused { message, .. } if message.contains("A valid join token") => {
            format!("{manager} refuses the ticket's token: it was rotated")
        }
        other => format!("{manager}: {other}"),
    }
}
