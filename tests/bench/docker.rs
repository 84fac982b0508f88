//! A machine's engine, asked on its own socket: no client is started, so that an answer takes a
//! millisecond and the machine is hardly disturbed.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use lab::machine::systemd_of;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(30);

/// The engine of one boot of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    socket: PathBuf,
}

/// A node, as a manager lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) id: String,
    /// Where it is.
    pub(crate) address: String,
    /// `ready` by its manager's word.
    pub(crate) ready: bool,
    /// A manager that takes part in raft.
    pub(crate) reachable: bool,
    /// Counts the changes of its entry.
    pub(crate) version: u64,
}

impl Engine {
    /// The socket of a machine is reached through its first process, from the host.
    pub(crate) fn of(instance: &str) -> Result<Self> {
        let systemd = systemd_of(instance)?;
        Ok(Self {
            socket: format!("/proc/{systemd}/root/run/docker.sock").into(),
        })
    }

    /// All nodes of its swarm; an engine that is no manager refuses.
    pub(crate) fn nodes(&self) -> Result<Vec<Node>> {
        let list = self.ask("GET", "/nodes", &Value::Null)?;
        Ok(list.as_array().into_iter().flatten().map(node).collect())
    }

    /// The tokens with which workers and managers join.
    pub(crate) fn tokens(&self) -> Result<[String; 2]> {
        let swarm = self.ask("GET", "/swarm", &Value::Null)?;
        let token = |role: &str| {
            let token = swarm["JoinTokens"][role].as_str();
            token
                .map(str::to_owned)
                .ok_or_else(|| anyhow!("cannot find the {role} token"))
        };
        Ok([token("Worker")?, token("Manager")?])
    }

    /// What `docker node promote` does.
    pub(crate) fn promote(&self, node: &str) -> Result<()> {
        let entry = self.ask("GET", &format!("/nodes/{node}"), &Value::Null)?;
        let mut spec = entry["Spec"].clone();
        spec["Role"] = "manager".into();
        let version = &entry["Version"]["Index"];
        let path = format!("/nodes/{node}/update?version={version}");
        self.ask("POST", &path, &spec).map(drop)
    }

    /// What `docker node rm --force` does.
    pub(crate) fn remove(&self, node: &str) -> Result<()> {
        let path = format!("/nodes/{node}?force=1");
        self.ask("DELETE", &path, &Value::Null).map(drop)
    }

    /// The engine's version.
    pub(crate) fn version(&self) -> Result<String> {
        let answer = self.ask("GET", "/version", &Value::Null)?;
        Ok(answer["Version"].as_str().unwrap_or("?").to_owned())
    }

    /// What happens to nodes, a line of JSON each, and the connection to close.
    pub(crate) fn node_events(&self) -> Result<(UnixStream, impl BufRead + use<>)> {
        let stream = self.send(
            "GET",
            "/events?filters=%7B%22type%22%3A%5B%22node%22%5D%7D",
            "",
        )?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        Ok((stream, reader))
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let exchange = || -> Result<Value> {
            let body = if body.is_null() {
                String::new()
            } else {
                body.to_string()
            };
            let mut stream = self.send(method, path, &body)?;
            stream.set_read_timeout(Some(LIMIT))?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            read(&answer)
        };
        exchange().with_context(|| format!("cannot ask an engine {method} {path}"))
    }

    /// By the first version of HTTP: its answers end with the connection and are in one piece.
    fn send(&self, method: &str, path: &str, body: &str) -> Result<UnixStream> {
        let mut stream = UnixStream::connect(&self.socket)?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        Ok(stream)
    }
}

fn read(answer: &str) -> Result<Value> {
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{status}: {}", body.trim());
    }
    if body.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(body).context("no JSON")
}

fn node(entry: &Value) -> Node {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manager = &entry["ManagerStatus"];
    // A manager's address is that of its raft: its agent may have dialled itself by another.
    let address = match manager["Addr"].as_str() {
        Some(listens) => listens
            .rsplit_once(':')
            .map_or(listens, |(host, _)| host)
            .to_owned(),
        None => text(&entry["Status"]["Addr"]),
    };
    Node {
        id: text(&entry["ID"]),
        address,
        ready: entry["Status"]["State"] == "ready",
        reachable: manager["Reachability"] == "reachable",
        version: entry["Version"]["Index"].as_u64().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_worker_is_where_its_connection_comes_from_and_a_manager_where_it_listens() {
        let worker = json!({"ID": "w", "Version": {"Index": 7}, "Status": {"State": "ready", "Addr": "10.0.0.2"}});
        assert_eq!(
            node(&worker),
            Node {
                id: "w".into(),
                address: "10.0.0.2".into(),
                ready: true,
                reachable: false,
                version: 7
            }
        );
        let manager = json!({"ID": "m", "Status": {"State": "down", "Addr": "127.0.0.1"},
            "ManagerStatus": {"Addr": "10.0.0.1:2377", "Reachability": "reachable"}});
        let manager = node(&manager);
        assert_eq!(
            (manager.address.as_str(), manager.ready, manager.reachable),
            ("10.0.0.1", false, true)
        );
    }

    #[test]
    fn a_refusal_is_told_in_the_engines_words() {
        let answer = "HTTP/1.0 503 Service Unavailable\r\n\r\n{\"message\":\"no swarm\"}";
        let error = read(answer).expect_err("a refusal").to_string();
        assert_eq!(error, "503: {\"message\":\"no swarm\"}");
    }
}
