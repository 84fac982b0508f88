//! The Docker Engine's API.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use docker::{Engine, EngineError, InitRequest, NodeList};
use protocol::{Availability, EngineState, Epoch, JoinToken, Origin, Role, TokenKind};
use protocol::{NodeChange, NodeEntry, Swarm, Tasks};
use secrecy::SecretString;

use super::looks::{listed, look};
use super::{Edge, entries, swarm};
use crate::world::World;
use crate::world::elections::View;
use crate::world::engine::Power;
use crate::world::mischief::Mischief;
use crate::world::swarm::SwarmId;

const READ_LIMIT: Duration = Duration::from_secs(25);
const STEP: Duration = Duration::from_millis(250);

pub(super) fn refused(code: u16, message: &str) -> EngineError {
    let message = message.to_owned();
    EngineError::Refused { code, message }
}

/// Waits until the API answers. One that starts holds its callers.
pub(super) async fn up(world: &World, id: usize) -> Result<(), EngineError> {
    let mut waited = Duration::ZERO;
    loop {
        let (power, hangs) = world.on(id, |m| (m.engine.power, m.engine.hangs));
        match power {
            Power::Off => return Err(EngineError::Down("connection refused".into())),
            Power::On if !hangs => return Ok(()),
            _ if waited >= READ_LIMIT => return Err(EngineError::Slow(READ_LIMIT)),
            _ => tokio::time::sleep(STEP).await,
        }
        waited += STEP;
    }
}

/// Waits out an election; the swarm, if there is a leader.
pub(super) async fn led(world: &World, id: usize) -> Result<(SwarmId, bool), EngineError> {
    up(world, id).await?;
    loop {
        let seen = world.with(|state| {
            let place = state.machines[id].engine.place.as_ref();
            place.map(|place| place.swarm).zip(state.view(id))
        });
        match seen {
            None => return Err(refused(503, "This node is not a swarm manager.")),
            Some((swarm, View::Led { certain, .. })) => return Ok((swarm, certain)),
            Some((_, View::Leaderless)) => {
                return Err(refused(500, "The swarm does not have a leader."));
            }
            Some((_, View::Electing(left))) if left <= STEP => {
                tokio::time::sleep(left).await;
                return Err(refused(500, "context deadline exceeded"));
            }
            Some((_, View::Electing(_))) => tokio::time::sleep(STEP).await,
        }
    }
}

impl NodeList for Edge {
    async fn nodes(&self, role: Option<Role>) -> Result<Vec<NodeEntry>, EngineError> {
        self.live().await;
        self.world
            .on(self.id, |m| m.calls.lists += u32::from(role.is_none()));
        let (swarm, _) = led(&self.world, self.id).await?;
        self.world.pause(1, 5).await;
        let nodes = self.world.with(|state| {
            if role.is_none() {
                state.swarms[swarm].listed = state.swarms[swarm].entries.len();
            }
            let entries = state.swarms[swarm].entries.iter();
            let wanted = entries.filter(|entry| role.is_none_or(|role| role == entry.role));
            wanted.map(|entry| listed(state, swarm, entry)).collect()
        });
        self.live().await;
        Ok(nodes)
    }

    async fn update(&self, node_id: &str, change: &NodeChange) -> Result<(), EngineError> {
        let (node, change) = (node_id.to_owned(), change.clone());
        self.call(entries::change(self.clone(), move |state, swarm| {
            entries::update(state, swarm, &node, &change)
        }))
        .await
    }

    async fn remove(&self, node_id: &str, force: bool) -> Result<(), EngineError> {
        let node = node_id.to_owned();
        self.call(entries::change(self.clone(), move |state, swarm| {
            entries::remove(state, swarm, &node, force)
        }))
        .await
    }
}

impl Engine for Edge {
    async fn state(&self) -> Result<EngineState, EngineError> {
        self.live().await;
        self.world.on(self.id, |machine| machine.calls.looks += 1);
        up(&self.world, self.id).await?;
        self.world.pause(2, 20).await;
        let is_manager = self.world.with(|state| state.view(self.id).is_some());
        if is_manager {
            // What it says then is what follows from the view.
            let _ = led(&self.world, self.id).await;
        }
        let seen = self.world.with(|state| look(state, self.id));
        self.live().await;
        Ok(seen)
    }

    async fn init(&self, request: &InitRequest) -> Result<(), EngineError> {
        self.call(swarm::init(self.clone(), request.clone())).await
    }

    async fn join(
        &self,
        manager: SocketAddr,
        token: &JoinToken,
        _: Ipv4Addr,
        availability: Availability,
    ) -> Result<(), EngineError> {
        let joining = swarm::join(self.clone(), manager, token.clone(), availability);
        self.call(joining).await
    }

    async fn leave(&self) -> Result<(), EngineError> {
        self.call(swarm::leave(self.clone())).await
    }

    async fn force_new_cluster(&self, _: Ipv4Addr) -> Result<(), EngineError> {
        self.call(swarm::force(self.clone())).await
    }

    async fn swarm(&self) -> Result<Swarm, EngineError> {
        self.live().await;
        let (swarm, _) = led(&self.world, self.id).await?;
        self.world.pause(1, 5).await;
        Ok(self.world.with(|state| {
            let swarm = &state.swarms[swarm];
            Swarm {
                id: swarm.name.clone(),
                epoch: swarm.origin.as_ref().map(|origin| origin.epoch),
                worker_token: swarm.worker_token().into(),
                autolock: false,
                rotated: None,
            }
        }))
    }

    async fn mark_epoch(&self, epoch: Epoch, claim_nonce: &str) -> Result<(), EngineError> {
        let nonce = claim_nonce.to_owned();
        let origin = Origin { epoch, nonce };
        self.call(entries::change(self.clone(), move |state, swarm| {
            state.swarms[swarm].origin = Some(origin);
            Ok(())
        }))
        .await
    }

    async fn rotate(&self, tokens: Option<TokenKind>, _: u64) -> Result<(), EngineError> {
        self.call(entries::change(self.clone(), move |state, swarm| {
            let drawn = matches!(tokens, Some(TokenKind::Worker | TokenKind::All));
            let drawn = usize::from(drawn);
            state.swarms[swarm].token += drawn;
            Ok(())
        }))
        .await
    }

    async fn tasks(&self) -> Result<Tasks, EngineError> {
        self.live().await;
        let (swarm, _) = led(&self.world, self.id).await?;
        self.world.pause(1, 5).await;
        let tasks = self.world.with(|state| {
            let mut tasks = state.tasks(swarm);
            if state.plays(Mischief::LeaderSeesNoTasks) {
                tasks.running.clear();
            }
            tasks
        });
        self.live().await;
        Ok(tasks)
    }

    async fn running_tasks(&self) -> Result<usize, EngineError> {
        self.live().await;
        up(&self.world, self.id).await?;
        self.world.pause(1, 5).await;
        let running = self.world.with(|state| {
            let hidden = state.plays(Mischief::NoTaskIsSeen);
            let containers = state.machines[self.id].engine.containers;
            if hidden { 0 } else { containers }
        });
        self.live().await;
        Ok(running)
    }

    /// A file, a service that reads it, a signal to the engine.
    async fn announce(&self, deadline: Option<u64>) -> Result<(), EngineError> {
        let (world, id) = (self.world.clone(), self.id);
        self.call(async move {
            if deadline.is_none() && world.with(|state| state.plays(Mischief::AnnouncementStays)) {
                return;
            }
            let booted = world.on(id, |machine| {
                machine.engine.wanted = deadline;
                machine.booted
            });
            tokio::task::spawn_local(async move {
                world.pause(100, 1_500).await;
                // What was asked for before a reboot went with it, and the last request stands.
                world.on(id, |machine| {
                    if machine.booted == booted {
                        machine.engine.label = machine.engine.wanted;
                    }
                });
            });
        })
        .await;
        Ok(())
    }

    async fn unlock_key(&self) -> Result<Option<SecretString>, EngineError> {
        Ok(None)
    }

    async fn unlock(&self, _: &SecretString) -> Result<(), EngineError> {
        unreachable!("nothing is locked in this world")
    }

    async fn taken(&self) -> Result<Vec<ipnet::Ipv4Net>, EngineError> {
        Ok(Vec::new())
    }

    async fn restart(&self) -> Result<(), EngineError> {
        let (world, id) = (self.world.clone(), self.id);
        self.call(async move {
            world.with(|state| state.check_act(id, "restarts its engine"));
            tokio::task::spawn_local(crate::node::restart_engine(world, id));
        })
        .await;
        Ok(())
    }

    /// It starts with its state, which is all that is to be found out where every engine can.
    async fn clear_swarm(&self) -> Result<(), EngineError> {
        self.restart().await
    }
}
