//! Questions to managers, which have no credentials for them and need none.

use std::net::SocketAddr;

use docker::probe::Probe;
use host::random::Chance;
use protocol::node::{Asked, Event};
use protocol::{Verdict, verdict};

/// Which swarm these serve.
pub(in crate::run) async fn swarm(probe: &impl Probe, managers: &[SocketAddr]) -> Event<'static> {
    Event::Probed(probe.probe(managers, None).await)
}

/// What these say of this node: one of them, while its word is that all is well; else all.
pub(in crate::run) async fn standing(
    probe: &impl Probe,
    chance: &impl Chance,
    asked: &Asked,
) -> Event<'static> {
    let (node, known) = (&asked.node, &asked.managers);
    let node_id = node.node_id.as_deref();
    let one = known.get(chance.pick(known.len()));
    let mut answers = match one {
        Some(&address) => probe.probe(&[address], node_id).await,
        None => Vec::new(),
    };
    if verdict(node, &answers) != Verdict::Member && known.len() > 1 {
        answers = probe.probe(known, node_id).await;
    }
    Event::Standing(answers)
}
