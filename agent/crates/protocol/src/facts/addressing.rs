//! Which manager the engine is told to join.

use std::net::SocketAddr;

use crate::{ProbeAnswer, Probed, Ticket};

/// What the probes of a ticket's managers lead to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// This one serves the ticket's swarm and has a leader.
    Join(SocketAddr),
    /// None does; what each said instead.
    Nobody(String),
}

/// Of the managers whose swarm and root certificate are those of the ticket and which have a leader, the first in
/// the ticket's order (the leader is first). After joins that failed, the next one, and the first again after the
/// last: that a manager answers does not say that this engine can join it. (An engine from 28 on refuses those that
/// an engine before 28 has promoted: moby/swarmkit#3189.)
pub fn choose(ticket: &Ticket, answers: &[Probed], failed: u32) -> Choice {
    let said = |address| answers.iter().find(|probed| probed.address == address);
    let (mut fitting, mut refusals) = (Vec::new(), Vec::new());
    for &address in &ticket.managers {
        match said(address).map_or(Err("was not asked".to_owned()), |p| fits(ticket, p)) {
            Ok(()) => fitting.push(address),
            Err(why) => refusals.push(format!("{address} {why}")),
        }
    }
    let turn = usize::try_from(failed).unwrap_or_default();
    let chosen = turn.checked_rem(fitting.len()).map(|turn| fitting[turn]);
    chosen.map_or_else(|| Choice::Nobody(refusals.join(", ")), Choice::Join)
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
