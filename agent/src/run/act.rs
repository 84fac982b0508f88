//! One function an action. Each does its step and notes what it learnt.

use std::net::SocketAddr;

use ipnet::Ipv4Net;
use tracing::info;

use super::{Agent, Outside, StepError};
use aws::parameter_store::ParameterStore;
use docker::pools;
use docker::{Engine, EngineError, InitRequest};
use protocol::facts::hooks::HookCall;
use protocol::node::Event;
use protocol::{Action, Availability, Epoch, Trouble};

impl<O: Outside> Agent<O> {
    /// Takes one step. `Wait` and `Serve` are the loop's own.
    pub(super) async fn act(&mut self, action: &Action) -> Result<(), StepError> {
        match action {
            Action::Wait(_) | Action::Serve(_) => {}
            // A departure's: what becomes of them is kept with it, for its next step.
            Action::Announce => self.announce().await,
            Action::Mark => self.mark().await,
            Action::Retract => self.retract().await,
            Action::CountTasks => self.count_tasks().await,
            Action::Depart => self.depart().await,
            Action::ListHooks => self.ask_group(HookCall::List).await,
            Action::Heartbeat => self.ask_group(HookCall::Beat).await,
            Action::CompleteLifecycle => self.ask_group(HookCall::Complete).await,
            Action::ReadTicket => self.read_ticket().await?,
            Action::ReadRegisters(epoch) => self.read_registers(*epoch).await?,
            Action::CreateClaim(epoch) => self.create_claim(*epoch).await?,
            Action::InitSwarm(epoch) => self.init(*epoch).await?,
            Action::Recover(epoch) => self.recover(*epoch).await?,
            Action::MarkEpoch(epoch) => self.mark_epoch(*epoch).await?,
            Action::DeclareFormed(epoch) => self.declare_formed(*epoch).await?,
            Action::PassOver(epoch) => self.pass_over(*epoch).await?,
            Action::AskFleet(ids) => self.ask_fleet(ids).await?,
            Action::AskStanding => self.ask_standing().await,
            Action::Probe => self.probe().await,
            Action::Join(manager) => self.join(*manager).await?,
            Action::Remember(epoch) => {
                if let Some(swarm_id) = self.node.swarm_id().map(str::to_owned) {
                    self.remember(swarm_id, *epoch)?;
                }
            }
            Action::RecordNode(node_id) => self.record_node(node_id).await,
            Action::Leave => self.leave().await?,
            Action::Unlock => self.unlock().await?,
            Action::RestartEngine => self.restart_engine().await?,
            Action::ClearSwarm => self.clear_swarm().await?,
        }
        Ok(())
    }

    async fn init(&mut self, epoch: Epoch) -> Result<(), StepError> {
        self.check_clock(epoch).await?;
        self.nothing_is_forced()?;
        let swarm = &self.settings.swarm;
        let address_pool = match swarm.address_pool {
            Some(pool) => pool,
            None => self.clear_pool().await?,
        };
        let request = InitRequest {
            advertise: self.identity.private_ip,
            address_pool,
            subnet_size: swarm.subnet_size,
            data_path_port: swarm.data_path_port,
            autolock: swarm.autolock,
            epoch,
            claim_nonce: self.draw_nonce(epoch)?,
        };
        self.edges.engine.init(&request).await?;
        info!(epoch = epoch.number(), pool = %request.address_pool, "swarm created");
        Ok(())
    }

    /// A pool cannot be changed later: it keeps clear of all that is known to be somewhere else.
    async fn clear_pool(&self) -> Result<Ipv4Net, StepError> {
        let here = self.edges.engine.taken().await?;
        let taken = [&self.vpc_cidrs, &self.settings.engine.avoid, &here];
        pools::overlay_pool(&taken.map(Vec::as_slice).concat()).ok_or(StepError::NoPool)
    }

    /// From here on the swarm itself tells under which claim it was recovered.
    async fn mark_epoch(&mut self, epoch: Epoch) -> Result<(), StepError> {
        let nonce = self.draw_nonce(epoch)?;
        Ok(self.edges.engine.mark_epoch(epoch, &nonce).await?)
    }

    /// A join that fails is a fact for the next decision, not an error of the loop: the
    /// engine may go on with it in the background.
    async fn join(&mut self, manager: SocketAddr) -> Result<(), StepError> {
        let Some(ticket) = self.node.ticket().cloned() else {
            return Ok(());
        };
        self.nothing_is_forced()?;
        // The leader activates it with its labels, so that no task lands before them.
        let availability = if self.settings.swarm.join_drained {
            Availability::Drain
        } else {
            Availability::Active
        };
        let (engine, advertise) = (&self.edges.engine, self.identity.private_ip);
        let joined = engine
            .join(manager, &ticket.token, advertise, availability)
            .await;
        match joined {
            Ok(()) => {
                info!(%manager, epoch = ticket.epoch.number(), "joined the swarm");
                let state = self.edges.engine.state().await?;
                self.learn(Event::Engine(state));
                self.remember(ticket.swarm_id, ticket.epoch)
            }
            Err(error) => {
                self.learn(Event::JoinFailed(explained(&error, manager)));
                Ok(())
            }
        }
    }

    /// Remembers a swarm that has been shown to be the cluster's.
    fn remember(&mut self, swarm_id: String, epoch: Epoch) -> Result<(), StepError> {
        if let Some(membership) = self.node.member_of(swarm_id, epoch) {
            self.learn(Event::Remembered(membership));
            self.save()?;
        }
        Ok(())
    }

    /// Trouble is an answer here, as with the ticket. Without a key only a person can go on.
    async fn unlock(&mut self) -> Result<(), StepError> {
        let name = self.names.unlock_key();
        let unlocked = match self.edges.store.read(&name).await {
            Ok(Some(key)) => {
                match self.edges.engine.unlock(&key).await {
                    // Unlocked, and waiting for a leader: its next state tells.
                    Ok(()) | Err(EngineError::Slow(_)) => Ok(()),
                    Err(error) => Err(Trouble::Failed(error.to_string())),
                }
            }
            Ok(None) => Err(Trouble::Failed(format!(
                "there is no parameter {name} with the key"
            ))),
            Err(error) => Err(error.into()),
        };
        if unlocked.is_ok() {
            info!("engine unlocked");
        }
        self.learn(Event::Unlocked(unlocked));
        Ok(())
    }
}

fn explained(error: &EngineError, manager: SocketAddr) -> String {
    if error.is_of_join_token() {
        return format!("{manager} refuses the ticket's token: it was rotated");
    }
    format!("{manager}: {error}")
}
