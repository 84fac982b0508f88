//! No way from a container to where swarms are managed: neither to its own host's port nor to another's, before and after
//! restarts; all else goes on.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Cluster, Lab, Role, wait_until};

use super::seen::doctor_says;
use super::support::{IMPORT, agent_is_ready, boots_again, docker, node_id, shared};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "firewall::no_container_reaches_a_manager",
    run: |lab| closed_for_good(lab, &shared(lab)?),
}];

const SOON: Duration = Duration::from_mins(1);
/// Managed swarms, gossip, and a port that a container publishes.
const SWARM: u16 = 2377;
const GOSSIP: u16 = 7946;
const PUBLISHED: u16 = 8099;
const NETWORK: &str = "guarded";
/// One on the usual bridge, one on an overlay network, so with a way out over `docker_gwbridge`.
const CONTAINERS: [&str; 2] = ["bridged", "overlaid"];
const ACCEPT: &str = "iptables -I DOCKER-USER -j ACCEPT; iptables -I INPUT -j ACCEPT";
const UNLOAD: [&str; 5] = ["nft", "delete", "table", "inet", "swarmlet"];

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Open,
    /// Not even refused.
    Silent,
}

/// A manager and a worker, with the containers on both.
struct Nodes<'a> {
    lab: &'a Lab,
    manager: String,
    worker: String,
    /// Where the manager is reached.
    address: String,
}

fn closed_for_good(lab: &Lab, cluster: &Cluster) -> Result<()> {
    let nodes = Nodes::furnish(lab, cluster)?;
    nodes.containers_reach_each_other()?;
    nodes.are_closed_by_the_rules()?;
    let cure = "systemctl start swarmlet-firewall.service";
    doctor_says(lab, &nodes.worker, "firewall", "is not loaded", cure)?;
    // A start of the engine loads them again, and whoever else accepts everything opens nothing.
    for id in nodes.ids() {
        let before = node_id(lab, id)?;
        lab.exec(id, &["sh", "-c", ACCEPT])?.ok()?;
        lab.exec(id, &["systemctl", "restart", "docker"])?.ok()?;
        nodes.run_again(id)?;
        ensure!(node_id(lab, id)? == before, "{id} is another node now");
    }
    nodes.are(End::Silent)?;
    doctor_says_dropped(lab, &nodes.manager)?;
    boots_again(lab, &nodes.worker)?;
    nodes.run_again(&nodes.worker)?;
    nodes.are(End::Silent)?;
    nodes.clear()?;
    wait_until("the agent is ready", SOON, || {
        agent_is_ready(lab, &nodes.worker)
    })?;
    cluster.wait_whole(SOON).map(drop)
}

/// The same with another image's engine and programs, without restarts.
pub(super) fn closed(lab: &Lab, cluster: &Cluster) -> Result<()> {
    let nodes = Nodes::furnish(lab, cluster)?;
    nodes.are_closed_by_the_rules()?;
    for id in nodes.ids() {
        let load = ["systemctl", "start", "swarmlet-firewall"];
        lab.exec(id, &load)?.ok()?;
    }
    nodes.are(End::Silent)?;
    nodes.clear()
}

impl<'a> Nodes<'a> {
    fn furnish(lab: &'a Lab, cluster: &Cluster) -> Result<Self> {
        let manager = cluster.machines_of(Role::Manager)?.remove(0);
        let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
        let create = [
            "network",
            "create",
            "--driver",
            "overlay",
            "--attachable",
            NETWORK,
        ];
        docker(lab, &manager.id, &create)?;
        let nodes = Self {
            lab,
            manager: manager.id,
            worker,
            address: manager.address,
        };
        for id in nodes.ids() {
            lab.exec(id, &["sh", "-c", IMPORT])?.ok()?;
            nodes.run(
                id,
                "bridged",
                &["--publish", &format!("{PUBLISHED}:{SWARM}")],
            )?;
            nodes.run(id, "overlaid", &["--network", NETWORK])?;
        }
        Ok(nodes)
    }

    fn ids(&self) -> [&str; 2] {
        [&self.worker, &self.manager]
    }

    fn run(&self, id: &str, name: &str, more: &[&str]) -> Result<()> {
        let words = [
            "run",
            "--detach",
            "--restart=always",
            "--stop-timeout=1",
            "--name",
            name,
        ];
        let image = ["lab/sleeper", "sleep", "1d"];
        docker(self.lab, id, &[&words[..], more, &image].concat()).map(drop)
    }

    /// Waits until the containers have come back.
    ///
    /// Docker tries once to start one that an overlay network holds, as soon as its swarm part is up or has taken too long for it
    /// (`RestartSwarmContainers` in moby's `daemon/daemon.go`); on a busy host the network cannot be attached at that moment. So
    /// what it has given up is started as a person would, and what is wrong then is said.
    fn run_again(&self, id: &str) -> Result<()> {
        let all = || {
            CONTAINERS.iter().try_for_each(|name| {
                let running = self.network_of(id, name);
                running.or_else(|_| {
                    docker(self.lab, id, &["start", name])?;
                    self.network_of(id, name)
                })?;
                Ok(())
            })
        };
        wait_until(&format!("the containers of {id} run"), SOON, all)
    }

    /// How a program gets into a container's network.
    fn network_of(&self, id: &str, name: &str) -> Result<String> {
        let process = docker(
            self.lab,
            id,
            &["inspect", "--format", "{{.State.Pid}}", name],
        )?;
        ensure!(process != "0", "{name} does not run");
        Ok(format!("nsenter --net=/proc/{process}/ns/net "))
    }

    /// What a connection of the host (no `inside`) or of a container comes to.
    fn connect(&self, id: &str, inside: &str, address: &str, port: u16) -> Result<End> {
        let script = format!("{inside}timeout 1 bash -c 'exec 3<>/dev/tcp/{address}/{port}'");
        let output = self.lab.exec(id, &["bash", "-c", &script])?;
        match output.status {
            0 => Ok(End::Open),
            124 => Ok(End::Silent),
            code => bail!("{script}: {code} {}", output.stderr),
        }
    }

    /// Hosts reach the manager's port, and containers another one of its: whatever the rules are.
    fn connected(&self) -> Result<()> {
        for id in self.ids() {
            let host = self.connect(id, "", &self.address, SWARM)?;
            ensure!(host == End::Open, "from the host {id} it is {host:?}");
            for name in CONTAINERS {
                let end = self.connect(id, &self.network_of(id, name)?, &self.address, GOSSIP)?;
                ensure!(end == End::Open, "{name} of {id} is not connected: {end:?}");
            }
        }
        Ok(())
    }

    /// From every container to the manager's port, by each of its addresses.
    fn are(&self, wanted: End) -> Result<()> {
        wait_until("hosts and containers are connected", SOON, || {
            self.connected()
        })?;
        for id in self.ids() {
            for name in CONTAINERS {
                let inside = self.network_of(id, name)?;
                let mut addresses = vec![self.address.clone()];
                if id == self.manager {
                    addresses.push(self.gateway(id, &inside)?);
                }
                for address in addresses {
                    let end = self.connect(id, &inside, &address, SWARM)?;
                    ensure!(
                        end == wanted,
                        "from {name} of {id} to {address} it is {end:?}"
                    );
                }
            }
        }
        Ok(())
    }

    /// Without the rules every one of these connects: that is what they are for. They stay away.
    fn are_closed_by_the_rules(&self) -> Result<()> {
        self.are(End::Silent)?;
        for id in self.ids() {
            self.lab.exec(id, &UNLOAD)?.ok()?;
        }
        self.are(End::Open)
    }

    /// The host, as the bridge of the container has it.
    fn gateway(&self, id: &str, inside: &str) -> Result<String> {
        let script = format!("{inside}ip route show default");
        let route = self.lab.exec(id, &["sh", "-c", &script])?.ok()?;
        let address = route.split_whitespace().nth(2);
        address.map(str::to_owned).with_context(|| route.clone())
    }

    /// A container may listen at that port itself: its neighbours reach it, and whoever a published port is for.
    fn containers_reach_each_other(&self) -> Result<()> {
        let id = self.worker.as_str();
        let inside = self.network_of(id, "bridged")?;
        let unit = ["systemd-run", "--quiet", "--unit=inside"];
        let serve = format!("exec {inside}python3 -m http.server {SWARM}");
        self.lab
            .exec(id, &[&unit[..], &["sh", "-c", &serve]].concat())?
            .ok()?;
        self.run(id, "neighbour", &[])?;
        let address = "{{.NetworkSettings.Networks.bridge.IPAddress}}";
        let address = docker(self.lab, id, &["inspect", "--format", address, "bridged"])?;
        let neighbour = self.network_of(id, "neighbour")?;
        let host = self.lab.instance(id)?.address;
        let open = || {
            for (from, inside, to, port) in [
                (id, neighbour.as_str(), &address, SWARM),
                (id, "", &address, SWARM),
                (&self.manager, "", &host, PUBLISHED),
            ] {
                let end = self.connect(from, inside, to, port)?;
                ensure!(end == End::Open, "{inside}{to}:{port} is {end:?}");
            }
            Ok(())
        };
        wait_until("a container that listens is reached", SOON, open)?;
        self.lab.exec(id, &["systemctl", "stop", "inside"])?.ok()?;
        docker(self.lab, id, &["rm", "--force", "neighbour"]).map(drop)
    }

    fn clear(&self) -> Result<()> {
        for id in self.ids() {
            docker(
                self.lab,
                id,
                &[&["rm", "--force"], &CONTAINERS[..]].concat(),
            )?;
        }
        wait_until("the network is gone", SOON, || {
            docker(self.lab, &self.manager, &["network", "rm", NETWORK]).map(drop)
        })
    }
}

/// Healthy, but somebody tries.
fn doctor_says_dropped(lab: &Lab, id: &str) -> Result<()> {
    let told = lab.exec(id, &["swarmlet", "doctor"])?;
    ensure!(told.success(), "{}", told.stdout);
    ensure!(
        told.stdout.contains("packets were dropped"),
        "{}",
        told.stdout
    );
    Ok(())
}
