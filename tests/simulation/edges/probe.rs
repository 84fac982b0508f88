//! The managers' port.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use docker::probe::Probe;
use protocol::{ProbeAnswer, Probed, Word};

use super::Edge;
use crate::world::State;
use crate::world::elections::View;

const LIMIT: Duration = Duration::from_secs(3);

impl Probe for Edge {
    async fn probe(&self, managers: &[SocketAddr], node_id: Option<&str>) -> Vec<Probed> {
        self.live().await;
        let count = u32::try_from(managers.len()).unwrap_or(u32::MAX);
        self.world
            .on(self.id, |machine| machine.calls.probes += count);
        self.world.pause(2, 10).await;
        let answers: Vec<(Probed, bool)> = self.world.with(|state| {
            let one = |&address| one(state, self.id, address, node_id);
            managers.iter().map(one).collect()
        });
        if answers.iter().any(|(_, late)| *late) {
            tokio::time::sleep(LIMIT).await;
        }
        self.live().await;
        answers.into_iter().map(|(probed, _)| probed).collect()
    }
}

/// One manager's answer, and whether it takes all the time there is.
fn one(state: &State, from: usize, address: SocketAddr, node: Option<&str>) -> (Probed, bool) {
    let (answer, late) = ask(state, from, address, node);
    (Probed { address, answer }, late)
}

fn ask(state: &State, from: usize, address: SocketAddr, node: Option<&str>) -> (ProbeAnswer, bool) {
    let nobody = |why: &str| ProbeAnswer::Nobody(why.to_owned());
    let IpAddr::V4(ip) = address.ip() else {
        return (nobody("is no address here"), false);
    };
    let there = state.machine_at(ip).filter(|&id| state.reaches(from, id));
    let Some(id) = there else {
        return (nobody("did not answer in 3 s"), true);
    };
    let place = state.machines[id].engine.place.as_ref();
    let (Some(place), Some(view), true) = (place, state.view(id), state.runs(id)) else {
        return (nobody("refuses the connection"), false);
    };
    let swarm = &state.swarms[place.swarm];
    let led = matches!(view, View::Led { .. });
    let word = match node.filter(|_| led) {
        None => Word::Unknown,
        Some(node) if swarm.entry(node).is_some() => Word::Member,
        Some(_) => Word::Removed,
    };
    let answer = ProbeAnswer::Manager {
        swarm_id: swarm.name.clone(),
        ca_digest: led.then(|| swarm.ca_digest.clone()),
        word,
    };
    match view {
        View::Electing(_) => (nobody("did not answer in 3 s"), true),
        _ => (answer, false),
    }
}
