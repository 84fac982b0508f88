//! Questions to managers, which have no credentials for them and need none.

use std::net::SocketAddr;

use docker::probe::Probe;
use host::random::Chance;
use protocol::node::Event;
use protocol::{Identity, Verdict, verdict};

/// Which swarm these serve.
pub(in crate::run) async fn swarm(probe: &impl Probe, managers: &[SocketAddr]) -> Event<'static> {
    Event::Probed(probe.probe(managers, None).await)
}

/// What these say of this node: one of them, while its word is that all is well; else all.
pub(in crate::run) async fn standing(
    probe: &impl Probe,
    chance: &impl Chance,
    identity: &Identity,
    known: &[SocketAddr],
) -> Event<'static> {
    let node_id = identity.node_id.as_deref();
    let one = known.get(chance.pick(known.len()));
    let mut answers = match one {
        Some(&address) => probe.probe(&[address], node_id).await,
        None => Vec::new(),
    };
    if verdict(identity, &answers) != Verdict::Member && known.len() > 1 {
        answers = probe.probe(known, node_id).await;
    }
    Event::Standing(answers)
}
