//! Which manager the engine is told to join.

use std::net::SocketAddr;

use super::{ProbeAnswer, Probed, Ticket};

/// What the probes of a ticket's managers lead to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// This one serves the ticket's swarm and has a leader.
    Join(SocketAddr),
    /// None does; what each said instead.
    Nobody(String),
}

/// The first manager in the ticket's order (the leader is first) whose swarm and root
/// certificate are those of the ticket and which has a leader.
pub fn choose(ticket: &Ticket, answers: &[Probed]) -> Choice {
    let said = |address| answers.iter().find(|probed| probed.address == address);
    let mut refusals = Vec::new();
    for &address in &ticket.managers {
        match said(address).map_or(Err("was not asked".to_owned()), |p| fits(ticket, p)) {
            Ok(()) => return Choice::Join(address),
            Err(why) => refusals.push(format!("{address} {why}")),
        }
    }
    Choice::Nobody(refusals.join(", "))
}

fn fits(ticket: &Ticket, probed: &Probed) -> Result<(), String> {
    match &probed.answer {
        ProbeAnswer::Nobody(why) => Err(why.clone()),
        ProbeAnswer::Manager { swarm_id, .. } if *swarm_id != ticket.swarm_id => {
            Err(format!("serves another swarm ({swarm_id})"))
        }
        ProbeAnswer::Manager {
            ca_digest: None, ..
        } => Err("has no leader".to_owned()),
        ProbeAnswer::Manager {
            ca_digest: Some(digest),
            ..
        } => {
            if digest == ticket.token.ca_digest() {
                Ok(())
            } else {
                Err("has another root certificate than the ticket's token".to_owned())
            }
        }
    }
}
