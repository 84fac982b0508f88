//! Asking managers, without credentials, which swarm they serve and whether a node is in it.
//!
//! A manager's port 2377 speaks TLS and gRPC. Its certificate names the swarm, and the
//! method `GetRootCACertificate` gives the root certificate to anybody (swarmkit
//! `api/ca.proto`, `insecure: true`): its digest is the third part of the join token, and
//! a manager without a leader cannot answer it. All of it takes under 10 ms, where a join
//! at the wrong address takes the engine 10 to 20 s.

mod calls;
mod grpc;
mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{certificate, digest};
use grpc::Client;
use protocol::{ProbeAnswer, Probed, Word};
use tls::Chain;

/// How long a manager may take: a thousand times what it needs on a private network.
const LIMIT: Duration = Duration::from_secs(3);
/// How long its word about a node may take besides: where the node's certificate is being
/// renewed, the answer waits for it.
const WORD_LIMIT: Duration = Duration::from_secs(1);

/// Whoever can ask managers.
pub trait Probe {
    /// Asks all of them side by side, also about a node if one is named.
    async fn probe(&self, managers: &[SocketAddr], node_id: Option<&str>) -> Vec<Probed>;
}

/// Asks over the network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkProbe;

impl Probe for NetworkProbe {
    async fn probe(&self, managers: &[SocketAddr], node_id: Option<&str>) -> Vec<Probed> {
        join_all(managers.iter().map(|&address| one(address, node_id))).await
    }
}

async fn one(address: SocketAddr, node_id: Option<&str>) -> Probed {
    let answer = ask(address, node_id).await;
    let answer = answer.unwrap_or_else(ProbeAnswer::Nobody);
    Probed { address, answer }
}

async fn ask(address: SocketAddr, node_id: Option<&str>) -> Result<ProbeAnswer, String> {
    let deadline = Instant::now() + LIMIT;
    let (stream, chain) = before(deadline, tls::connect(address)).await?;
    let leaf = chain.first().ok_or("showed no certificate")?;
    let subject = certificate::subject(leaf).map_err(|e| e.to_string())?;
    let (mut client, connection) = before(deadline, grpc::open(stream)).await?;
    let questions = async {
        let ca_digest = before(deadline, root_digest(&mut client, &chain)).await?;
        Ok(ProbeAnswer::Manager {
            swarm_id: subject.swarm_id,
            word: word(&mut client, node_id.filter(|_| ca_digest.is_some())).await,
            ca_digest,
        })
    };
    connection.during(questions).await
}

async fn before<T>(
    deadline: Instant,
    step: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let late = || Err(format!("did not answer in {} s", LIMIT.as_secs()));
    timeout_at(deadline, step).await.unwrap_or_else(|_| late())
}

/// The digest of the root certificate, which must vouch for the chain that was shown; `None`
/// where there is no leader to ask.
async fn root_digest(client: &mut Client, chain: &Chain) -> Result<Option<String>, String> {
    let Some(pem) = calls::root_certificate(client).await? else {
        return Ok(None);
    };
    tls::vouches(&pem, chain)?;
    Ok(Some(digest::of(&pem)))
}

/// What it says of the node. That it says nothing takes nothing from what it said before.
async fn word(client: &mut Client, node_id: Option<&str>) -> Word {
    let Some(node_id) = node_id else {
        return Word::Unknown;
    };
    let answer = timeout(WORD_LIMIT, calls::standing(client, node_id)).await;
    answer.unwrap_or_default()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
