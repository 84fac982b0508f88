//! Names and addresses, and back.

use std::net::SocketAddr;

use protocol::Epoch;

use crate::world::{Id, Number};

pub(crate) fn epoch(number: Number) -> Epoch {
    Epoch::new(number.into()).expect("epochs start at 1")
}

pub(crate) fn instance(id: Id) -> String {
    format!("i-{id}")
}

pub(crate) fn instance_of(id: &str) -> Id {
    id.trim_start_matches("i-")
        .parse()
        .expect("an instance's id")
}

pub(crate) fn address(id: Id) -> SocketAddr {
    ([10, 0, 0, id], 2377).into()
}

pub(crate) fn node_of(address: SocketAddr) -> Id {
    match address {
        SocketAddr::V4(v4) => v4.ip().octets()[3],
        SocketAddr::V6(_) => unreachable!("the model has IPv4"),
    }
}

pub(crate) fn swarm_id(swarm: u8) -> String {
    format!("swarm {swarm}")
}

pub(crate) fn digest(swarm: u8) -> String {
    format!("{swarm:050}")
}

pub(crate) fn node_id(id: Id, life: u8) -> String {
    format!("node {id} life {life}")
}

pub(crate) fn nonce(owner: Id, number: Number) -> String {
    format!("{owner} of {number}")
}

// And back.

pub(crate) fn epoch_number(epoch: Epoch) -> Number {
    u8::try_from(epoch.number()).expect("few epochs")
}

pub(crate) fn swarm_of(id: &str) -> u8 {
    last_word(id)
}

pub(crate) fn life_of(node: &str) -> u8 {
    last_word(node)
}

fn last_word(text: &str) -> u8 {
    let word = text.rsplit(' ').next();
    word.and_then(|word| word.parse().ok())
        .expect("a name ends with its number")
}
