//! The ports of the managers: open, as far as that can be known from here.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::engine::Facts as Engine;
use super::permissions::Tries;
use super::{Finding, Grade};
use crate::identity::InstanceIdentity;
use protocol::SWARM_PORT;

const CONCERN: &str = "ports";
/// Gossip of networks, among all nodes.
const GOSSIP: u16 = 7946;
/// Overlay networks' packets, among all nodes, where `swarm.data_path_port` names no other.
const OVERLAY: u16 = 4789;
/// A dropped packet is not answered, and one within a region takes a millisecond.
const PATIENCE: Duration = Duration::from_secs(2);
/// For the word that nobody listens.
const OBJECTION: Duration = Duration::from_millis(500);

/// A port of a manager.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Port {
    Tcp(SocketAddr),
    Udp(SocketAddr),
    /// Of udp, and open only while an overlay network is in use.
    Overlay(SocketAddr),
}

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Open,
    Refused,
    Silent,
    Failed(String),
}

/// The other managers: by the ticket's word and by the engine's.
pub(super) fn managers(
    tries: &Tries,
    engine: &Engine,
    node: Option<&InstanceIdentity>,
) -> Vec<IpAddr> {
    let told = tries
        .ticket
        .iter()
        .flat_map(|ticket| ticket.managers.clone());
    let setup = engine.setup.as_ref().ok();
    let known = setup.into_iter().flat_map(|setup| &setup.managers);
    let known = known.filter_map(|address| address.parse::<SocketAddr>().ok());
    let own = node.map(|node| IpAddr::from(node.private_ip));
    let all: BTreeSet<IpAddr> = told.chain(known).map(|address| address.ip()).collect();
    all.into_iter().filter(|ip| Some(*ip) != own).collect()
}

pub(super) async fn gather(managers: &[IpAddr], overlay: Option<u16>) -> Vec<(Port, Answer)> {
    let ports = managers.iter().flat_map(|&ip| {
        [
            Port::Tcp((ip, SWARM_PORT).into()),
            Port::Tcp((ip, GOSSIP).into()),
            Port::Udp((ip, GOSSIP).into()),
            Port::Overlay((ip, overlay.unwrap_or(OVERLAY)).into()),
        ]
    });
    join_all(ports.map(async |port| (port, knock(port).await))).await
}

async fn knock(port: Port) -> Answer {
    match port {
        Port::Tcp(address) => match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => Answer::Open,
            Ok(Err(error)) => sorted(&error),
            Err(_) => Answer::Silent,
        },
        Port::Udp(address) | Port::Overlay(address) => match send(address).await {
            Ok(answer) => answer,
            Err(error) => sorted(&error),
        },
    }
}

/// An empty packet: whoever listens drops it, and where nobody does the host objects.
async fn send(address: SocketAddr) -> std::io::Result<Answer> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
    socket.connect(address).await?;
    socket.send(&[]).await?;
    match timeout(OBJECTION, socket.recv(&mut [0; 16])).await {
        Ok(Ok(_)) => Ok(Answer::Open),
        Ok(Err(error)) => Err(error),
        Err(_) => Ok(Answer::Silent),
    }
}

fn sorted(error: &std::io::Error) -> Answer {
    match error.kind() {
        ErrorKind::ConnectionRefused => Answer::Refused,
        ErrorKind::TimedOut => Answer::Silent,
        _ => Answer::Failed(error.to_string()),
    }
}

pub(super) fn findings(reached: &[(Port, Answer)]) -> Vec<Finding> {
    if reached.is_empty() {
        let seen = "no other manager is known, or this node has not joined yet";
        return vec![Finding::new(CONCERN, "managers", Grade::Skipped, seen)];
    }
    reached
        .iter()
        .map(|(port, answer)| finding(*port, answer))
        .collect()
}

fn finding(port: Port, answer: &Answer) -> Finding {
    let (protocol, address) = match port {
        Port::Tcp(address) => ("tcp", address),
        Port::Udp(address) | Port::Overlay(address) => ("udp", address),
    };
    let found =
        |grade, seen: &str| Finding::new(CONCERN, format!("{protocol} {address}"), grade, seen);
    let open = format!(
        "allow {}/{protocol} from this node in the managers' security group and network ACLs",
        address.port()
    );
    match (port, answer) {
        (_, Answer::Open) => found(Grade::Ok, "open"),
        (_, Answer::Failed(error)) => found(Grade::Fail, error).advise(open),
        (Port::Tcp(_), Answer::Silent) => {
            found(Grade::Fail, "no answer: blocked, or the host is gone").advise(open)
        }
        (Port::Overlay(_), Answer::Refused) => {
            found(Grade::Ok, "reached; no overlay network is in use there")
        }
        (_, Answer::Refused) => found(Grade::Fail, "refused: nothing listens there")
            .advise("look at that manager: `swarmlet doctor` there, `systemctl status docker`"),
        (Port::Udp(_) | Port::Overlay(_), Answer::Silent) => found(
            Grade::Skipped,
            "nobody objects; whether packets arrive cannot be known from here",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Grade::{Fail, Ok as Good, Skipped};

    #[test]
    fn what_comes_back_tells_more_of_tcp_than_of_udp() {
        let address = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
        for (port, answer, grade) in [
            (Port::Tcp(address(2377)), Answer::Open, Good),
            (Port::Tcp(address(2377)), Answer::Silent, Fail),
            (Port::Tcp(address(7946)), Answer::Refused, Fail),
            (
                Port::Tcp(address(7946)),
                Answer::Failed("no route".into()),
                Fail,
            ),
            (Port::Udp(address(7946)), Answer::Silent, Skipped),
            (Port::Udp(address(7946)), Answer::Refused, Fail),
            (Port::Overlay(address(4790)), Answer::Refused, Good),
        ] {
            let found = finding(port, &answer);
            assert_eq!(found.grade, grade, "{found:?}");
            assert_eq!(found.advice.is_some(), grade == Fail, "{found:?}");
        }
        assert_eq!(findings(&[])[0].grade, Skipped);
    }

    #[tokio::test]
    async fn open_and_closed_ports_are_told_apart() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(knock(Port::Tcp(address)).await, Answer::Open);
        drop(listener);
        assert_eq!(knock(Port::Tcp(address)).await, Answer::Refused);
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        assert_eq!(knock(Port::Udp(address)).await, Answer::Silent);
        drop(socket);
        assert_eq!(knock(Port::Udp(address)).await, Answer::Refused);
    }
}
