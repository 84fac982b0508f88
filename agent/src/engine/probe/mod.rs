//! Asking a manager, without credentials, which swarm it serves.
//!
//! A manager's port 2377 speaks TLS and gRPC. Its certificate names the swarm, and the
//! method `GetRootCACertificate` gives the root certificate to anybody (swarmkit
//! `api/ca.proto`, `insecure: true`): its digest is the third part of the join token, and
//! a manager without a leader cannot answer it. All of it takes under 10 ms, where a join
//! at the wrong address takes the engine 10 to 20 s.

mod digest;
mod grpc;
mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::engine::certificate;
use crate::swarm::{ProbeAnswer, Probed};

/// How long a manager may take: a thousand times what it needs on a private network.
const LIMIT: Duration = Duration::from_secs(3);

/// Whoever can ask managers.
pub trait Probe {
    /// Asks all of them side by side.
    async fn probe(&self, managers: &[SocketAddr]) -> Vec<Probed>;
}

/// Asks over the network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkProbe;

impl Probe for NetworkProbe {
    async fn probe(&self, managers: &[SocketAddr]) -> Vec<Probed> {
        join_all(managers.iter().map(|&address| one(address))).await
    }
}

async fn one(address: SocketAddr) -> Probed {
    let answer = match timeout(LIMIT, ask(address)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => ProbeAnswer::Nobody(why),
        Err(_) => ProbeAnswer::Nobody(format!("did not answer in {} s", LIMIT.as_secs())),
    };
    Probed { address, answer }
}

async fn ask(address: SocketAddr) -> Result<ProbeAnswer, String> {
    let (stream, chain) = tls::connect(address).await?;
    let leaf = chain.first().ok_or("showed no certificate")?;
    let subject = certificate::subject(leaf).map_err(|e| e.to_string())?;
    let ca_digest = match grpc::root_certificate(stream).await? {
        grpc::Answer::Root(pem) => {
            tls::vouches(&pem, &chain)?;
            Some(digest::of(&pem))
        }
        grpc::Answer::NoLeader => None,
    };
    Ok(ProbeAnswer::Manager {
        swarm_id: subject.swarm_id,
        ca_digest,
    })
}
