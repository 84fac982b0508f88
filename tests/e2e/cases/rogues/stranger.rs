//! An engine of somebody who has the worker token: on a node's host, behind its address, as a container's network has it.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, wait_until};

use crate::cases::support::IMPORT;

const STARTED: Duration = Duration::from_mins(1);
/// A network of its own, whose packets leave with the address of the host.
const NETWORK: &str = "set -e
ip netns add stranger$1
ip link add outside$1 type veth peer name inside$1 netns stranger$1
ip addr add 192.168.7$1.1/24 dev outside$1
ip link set outside$1 up
ip -n stranger$1 addr add 192.168.7$1.2/24 dev inside$1
ip -n stranger$1 link set inside$1 up
ip -n stranger$1 link set lo up
ip -n stranger$1 route add default via 192.168.7$1.1
iptables -t nat -A POSTROUTING -s 192.168.7$1.0/24 -j MASQUERADE
iptables -I FORWARD -s 192.168.7$1.0/24 -j ACCEPT
iptables -I FORWARD -d 192.168.7$1.0/24 -j ACCEPT";
/// By `nsenter`: `ip netns exec` hides the groups of processes from the engine. More options may follow.
const ENGINE: &str = "n=$1; shift
exec systemd-run --quiet --unit=stranger$n --property=Delegate=yes nsenter --net=/run/netns/stranger$n dockerd \
    --containerd /run/containerd/containerd.sock --containerd-namespace stranger$n --containerd-plugins-namespace plugins$n \
    --config-file /dev/null --data-root /root/stranger$n --exec-root /run/stranger$n --pidfile /run/stranger$n.pid \
    --host unix:///run/stranger$n.sock --bridge none --iptables=false --storage-driver vfs \"$@\"";

/// It ends with its host.
pub(super) struct Stranger<'a> {
    lab: &'a Lab,
    host: String,
    number: usize,
}

impl<'a> Stranger<'a> {
    /// Starts it, with the image of the tasks; it says that it is this instance. Its number is one digit, and no other has it on that host.
    pub(super) fn start(
        lab: &'a Lab,
        host: &str,
        number: usize,
        claim: Option<&str>,
    ) -> Result<Self> {
        let stranger = Self {
            lab,
            host: host.to_owned(),
            number,
        };
        stranger.run(NETWORK, &[])?;
        let label = claim.map(|id| format!("--label=swarmlet.instance-id={id}"));
        let label: Vec<&str> = label.iter().map(String::as_str).collect();
        stranger.run(ENGINE, &label)?;
        wait_until("the stranger's engine answers", STARTED, || {
            stranger.docker(&["version"])
        })?;
        let import = format!("export DOCKER_HOST=unix:///run/stranger$1.sock; {IMPORT}");
        stranger.run(&import, &[])?;
        Ok(stranger)
    }

    /// A script, with its number as the first argument.
    fn run(&self, script: &str, more: &[&str]) -> Result<String> {
        let number = self.number.to_string();
        let argv = [&["sh", "-c", script, "sh", &number], more].concat();
        self.lab.exec(&self.host, &argv)?.ok()
    }

    fn docker(&self, words: &[&str]) -> Result<String> {
        let socket = format!("unix:///run/stranger{}.sock", self.number);
        let argv = [&["docker", "--host", &socket], words].concat();
        Ok(self.lab.exec(&self.host, &argv)?.ok()?.trim().to_owned())
    }

    /// Joins at this address of a manager; Docker's id of its node.
    pub(super) fn join(&self, token: &str, manager: &str) -> Result<String> {
        let own = format!("192.168.7{}.2", self.number);
        let remote = format!("{manager}:2377");
        let join = ["swarm", "join", "--token", token, "--advertise-addr", &own];
        self.docker(&[&join[..], &[&remote]].concat())?;
        self.docker(&["info", "--format", "{{.Swarm.NodeID}}"])
    }

    /// Leaves the swarm, or gives the join up.
    pub(super) fn leave(&self) -> Result<()> {
        self.docker(&["swarm", "leave", "--force"]).map(drop)
    }

    /// Waits until no task runs here.
    pub(super) fn is_idle(&self, limit: Duration) -> Result<()> {
        wait_until("no task runs there", limit, || {
            let running = self.docker(&["ps", "--quiet"])?;
            ensure!(running.is_empty(), "{running}");
            Ok(())
        })
    }

    /// By its certificate, which managers go by, it is a worker.
    pub(super) fn is_worker(&self) -> Result<()> {
        let file = format!(
            "/root/stranger{}/swarm/certificates/swarm-node.crt",
            self.number
        );
        let argv = ["openssl", "x509", "-noout", "-subject", "-in", &file];
        let subject = self.lab.exec(&self.host, &argv)?.ok()?;
        ensure!(subject.contains("OU=swarm-worker"), "it is {subject}");
        Ok(())
    }
}
