//! The engine: into a swarm, and out of it.

use std::net::{Ipv4Addr, SocketAddr};

use ipnet::Ipv4Net;
use tracing::info;

use crate::run::error::StepError;
use docker::{Engine, EngineError, pools};
use protocol::node::{Event, Joining};
use protocol::{Availability, JoinToken};

/// What came of a step that cannot be undone.
pub(in crate::run) enum Tried {
    /// It was done.
    Done,
    /// It did not take place.
    Refused(EngineError),
    /// Whether it had an effect is not known.
    Unknown(EngineError),
}

/// A pool cannot be changed later: it keeps clear of all that is known to be somewhere else.
pub(in crate::run) async fn clear_pool(
    engine: &impl Engine,
    elsewhere: [&[Ipv4Net]; 2],
) -> Result<Ipv4Net, StepError> {
    let here = engine.taken().await?;
    let [vpc, avoided] = elsewhere;
    pools::overlay_pool(&[vpc, avoided, &here].concat()).ok_or(StepError::NoPool)
}

/// The swarm that it manages: its id, and the digest of its root certificate.
pub(in crate::run) async fn own_swarm(engine: &impl Engine) -> Result<(String, String), StepError> {
    let swarm = engine.swarm().await?;
    let token = JoinToken::parse(swarm.worker_token)?;
    Ok((swarm.id, token.ca_digest().to_owned()))
}

/// Joins by a ticket. That it fails is a fact for the next decision, not an error of the loop: the engine may go on with it
/// in the background.
pub(in crate::run) async fn join(
    engine: &impl Engine,
    joining: &Joining,
    advertise: Ipv4Addr,
    availability: Availability,
) -> Result<Event<'static>, EngineError> {
    let Joining { ticket, manager } = joining;
    let manager = *manager;
    let joined = engine
        .join(manager, &ticket.token, advertise, availability)
        .await;
    if let Err(error) = joined {
        return Ok(Event::JoinFailed(explained(&error, manager)));
    }
    info!(%manager, epoch = ticket.epoch.number(), "joined the swarm");
    Ok(Event::Engine(engine.state().await?))
}

fn explained(error: &EngineError, manager: SocketAddr) -> String {
    if error.is_of_join_token() {
        return format!("{manager} refuses the ticket's token: it was rotated");
    }
    format!("{manager}: {error}")
}

/// Leaves its swarm.
pub(in crate::run) async fn leave(engine: &impl Engine) -> Tried {
    match engine.leave().await {
        Ok(()) => Tried::Done,
        // It may still be at it.
        Err(error @ EngineError::Slow(_)) => Tried::Unknown(error),
        Err(error) => Tried::Refused(error),
    }
}

/// Forces a new cluster out of this manager's copy of the old one.
pub(in crate::run) async fn force(engine: &impl Engine, advertise: Ipv4Addr) -> Tried {
    match engine.force_new_cluster(advertise).await {
        Ok(()) => Tried::Done,
        Err(error @ EngineError::Unforced(_)) => Tried::Refused(error),
        Err(error) => Tried::Unknown(error),
    }
}
