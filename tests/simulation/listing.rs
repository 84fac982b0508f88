//! What the list of all nodes costs whoever asks an engine for it: in the real client, from a socket
//! that answers as an engine of so many nodes does.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use docker::NodeList as _;
use docker::api::Docker;

use crate::leader::on_processor;

const TIMES: u32 = 5;
/// A node's entry as Docker Engine 26.1 lists it, with the plug-ins of a fresh install.
const NODE: &str = include_str!("node.json");

/// One list.
pub(crate) struct Cost {
    pub(crate) bytes: usize,
    /// Processor time of the client: reading, parsing, and what the agent keeps of it.
    pub(crate) client: Duration,
}

/// The list of so many nodes.
pub(crate) fn cost(nodes: usize) -> Cost {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).expect("a socket in a new folder");
    let list = list(nodes);
    let bytes = list.len();
    // It ends with the program: it waits for connections that nobody makes any more.
    std::thread::spawn(move || listener.incoming().flatten().for_each(|c| serve(&c, &list)));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let client = runtime.block_on(async {
        let docker = Docker::new(&socket, folder.path());
        assert_eq!(listed(&docker).await, nodes);
        let started = on_processor();
        for _ in 0..TIMES {
            listed(&docker).await;
        }
        on_processor().saturating_sub(started) / TIMES
    });
    Cost { bytes, client }
}

async fn listed(docker: &Docker) -> usize {
    docker.nodes(None).await.expect("a list").len()
}

fn list(nodes: usize) -> String {
    let mut list = String::from("[");
    for number in 0..nodes {
        let comma = if number == 0 { "" } else { "," };
        let node = NODE.trim().replace("NUMBER", &format!("{number:017}"));
        // Writing into a string cannot fail.
        let _ = write!(list, "{comma}{node}");
    }
    list + "]"
}

/// Answers one connection's requests: a ping, whose header says which version it is, and the list.
fn serve(connection: &UnixStream, list: &str) {
    let mut requests = BufReader::new(connection);
    let mut line = String::new();
    let mut wanted = "";
    while requests.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line.contains("/nodes ") || line.contains("/nodes?") {
            wanted = list;
        } else if line.starts_with("GET ") {
            wanted = "OK";
        } else if line == "\r\n" && answer(connection, wanted).is_err() {
            return;
        }
        line.clear();
    }
}

fn answer(mut connection: &UnixStream, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Type: application/json";
    write!(
        connection,
        "{head}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
