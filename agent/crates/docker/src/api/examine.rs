//! What the engine says of its own setup.

use std::time::Duration;

use bollard::models::{Network, SystemInfo};
use bollard::query_parameters::ListNetworksOptions;
use ipnet::Ipv4Net;

use super::Docker;
use super::convert::local_state;
use crate::EngineError;

/// The engine's setup.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Setup {
    /// Its version, `26.1.5+dfsg1`.
    pub version: String,
    /// Whether containers live on without it, which excludes swarm mode.
    pub live_restore: bool,
    /// How it stores images: `overlay2`, ….
    pub storage: String,
    /// Where.
    pub data_root: String,
    /// Whether images are in containerd's own store, and not there (the default of 29 and newer).
    pub in_containerd: bool,
    /// Who sets its firewall rules: `iptables`, `nftables+firewalld`, …; empty from engines that do not say (before API 1.49).
    pub firewall: String,
    /// What it is in a swarm: `inactive`, `active`, ….
    pub swarm: String,
    /// The managers that it knows.
    pub managers: Vec<String>,
    /// The pools of its local networks, and of its swarm's.
    pub pools: Vec<Ipv4Net>,
    /// Its networks' subnets, by their names.
    pub networks: Vec<(String, Ipv4Net)>,
}

impl Docker {
    /// Asks for all of it (`GET /info`, `GET /networks`), each within `limit`.
    pub async fn setup(&self, limit: Duration) -> Result<Setup, EngineError> {
        let info = self.call(limit, |c| async move { c.info().await }).await?;
        let list =
            |c: bollard::Docker| async move { c.list_networks(None::<ListNetworksOptions>).await };
        let networks = self.call(limit, list).await?;
        Ok(setup(info, networks))
    }
}

/// How `DriverStatus` says that containerd keeps the images.
const CONTAINERD: [&str; 2] = ["driver-type", "io.containerd.snapshotter.v1"];

/// Whether images are in containerd's own store.
pub(super) fn in_containerd(info: &SystemInfo) -> bool {
    let mut status = info.driver_status.iter().flatten();
    status.any(|pair| pair[..] == CONTAINERD)
}

fn setup(info: SystemInfo, networks: Vec<Network>) -> Setup {
    let in_containerd = in_containerd(&info);
    let swarm = info.swarm.unwrap_or_default();
    let local_state = local_state(&swarm);
    let managers = swarm.remote_managers.into_iter().flatten();
    let cluster = swarm.cluster.unwrap_or_default();
    let firewall = info.firewall_backend.unwrap_or_default();
    let local = info
        .default_address_pools
        .into_iter()
        .flatten()
        .filter_map(|pool| pool.base);
    let pools = local.chain(cluster.default_addr_pool.into_iter().flatten());
    Setup {
        version: info.server_version.unwrap_or_default(),
        live_restore: info.live_restore_enabled == Some(true),
        storage: info.driver.unwrap_or_default(),
        data_root: info.docker_root_dir.unwrap_or_default(),
        in_containerd,
        firewall: firewall.driver.unwrap_or_default(),
        swarm: local_state.to_string(),
        managers: managers.filter_map(|peer| peer.addr).collect(),
        pools: pools.filter_map(|pool| pool.parse().ok()).collect(),
        networks: networks.into_iter().flat_map(subnets).collect(),
    }
}

fn subnets(network: Network) -> Vec<(String, Ipv4Net)> {
    let name = network.name.unwrap_or_default();
    let configs = network
        .ipam
        .and_then(|ipam| ipam.config)
        .unwrap_or_default();
    let subnets = configs
        .into_iter()
        .filter_map(|config| config.subnet?.parse().ok());
    subnets.map(|subnet| (name.clone(), subnet)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As an engine of 28.5 answers whose images containerd keeps.
    #[test]
    fn newer_engines_tell_of_their_images_and_their_firewall() {
        let info = json!({
            "ServerVersion": "28.5.2+dfsg4", "Driver": "overlayfs", "DockerRootDir": "/var/lib/docker",
            "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
            "FirewallBackend": {"Driver": "iptables"},
        });
        let told = setup(serde_json::from_value(info).unwrap(), Vec::new());
        assert!(told.in_containerd);
        assert_eq!(told.firewall, "iptables");
    }

    #[test]
    fn the_answers_become_a_setup() {
        let info = json!({
            "ServerVersion": "26.1.5", "LiveRestoreEnabled": true, "Driver": "overlay2",
            "DockerRootDir": "/var/lib/docker",
            "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
            "DefaultAddressPools": [{"Base": "172.17.0.0/16", "Size": 24}],
            "Swarm": {"LocalNodeState": "active",
                      "RemoteManagers": [{"NodeID": "m", "Addr": "10.0.0.1:2377"}],
                      "Cluster": {"DefaultAddrPool": ["172.20.0.0/14"]}},
        });
        let networks = json!([
            {"Name": "bridge", "IPAM": {"Config": [{"Subnet": "172.17.0.0/24"}, {"Subnet": "fd00::/64"}]}},
            {"Name": "host", "IPAM": {"Config": []}},
        ]);
        let told = setup(
            serde_json::from_value(info).unwrap(),
            serde_json::from_value(networks).unwrap(),
        );
        assert!(told.live_restore && !told.in_containerd);
        assert_eq!(told.firewall, "");
        assert_eq!(
            (told.version.as_str(), told.swarm.as_str()),
            ("26.1.5", "active")
        );
        assert_eq!(told.managers, ["10.0.0.1:2377"]);
        assert_eq!(
            told.pools,
            [
                "172.17.0.0/16".parse().unwrap(),
                "172.20.0.0/14".parse().unwrap()
            ]
        );
        assert_eq!(
            told.networks,
            [("bridge".to_owned(), "172.17.0.0/24".parse().unwrap())]
        );
    }
}
