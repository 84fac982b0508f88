//! What other cases show on the usual image, once more on the newest engine that Debian has, and what is new about
//! such engines. They take minutes each.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role, wait_until};
use serde_json::Value;

use super::engines::deploys_stacks;
use super::restarts::{ENGINE, REBOOT, comes_back};
use super::support::{boots_again, docker, unique};
use super::{autolock, fleet, forming, healing, stacks};
use crate::Case;

pub(super) const SLOW: &[Case] = &[
    Case {
        name: "newest::three_managers_and_three_workers_three_times",
        run: |lab| forming::times(lab, &Image::Forky, 3),
    },
    Case {
        name: "newest::three_of_six_workers_scaled_in",
        run: |lab| fleet::scale_in::three_of_six(lab, &Image::Forky),
    },
    Case {
        name: "newest::a_majority_terminated",
        run: |lab| healing::majority::by_itself(lab, &Image::Forky),
    },
    Case {
        name: "newest::a_locked_manager_is_unlocked_or_says_what_is_missing",
        run: |lab| autolock::unlocked(lab, &Image::Forky),
    },
    Case {
        name: "newest::three_tiers",
        run: |lab| stacks::three_tiers::walk(lab, &Image::Forky),
    },
    Case {
        name: "newest::set_up_as_docker_29_is",
        run: as_29,
    },
];

/// What Docker 29 comes with and 28 can be told: no client older than API 1.44, and images in containerd's own store.
/// That one cannot lie on an overlay, which a machine's root is in the lab.
const AS_29: &str = "
echo 'DOCKER_MIN_API_VERSION=1.44' >>/etc/default/docker
mkdir -p /etc/containerd /etc/swarmlet/config.d
printf 'version = 3\\nroot = \"/var/lib/docker/containerd\"\\n' >/etc/containerd/config.toml
printf '[engine.daemon.features]\\ncontainerd-snapshotter = true\\n' >/etc/swarmlet/config.d/store.toml";

fn as_29(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        image: Image::Forky,
        ..ClusterSpec::new(&unique("as-29"), 1, 2)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    for machine in cluster.machines()? {
        lab.exec(&machine.id, &["sh", "-ec", AS_29])?.ok()?;
        boots_again(lab, &machine.id)?;
        wait_until("it is set up", Duration::from_mins(1), || {
            set_up(lab, &machine.id)
        })?;
    }
    cluster.wait_whole(Duration::from_mins(2))?;
    deploys_stacks(lab, &cluster, "")?;
    for (role, restart) in [(Role::Manager, &ENGINE), (Role::Worker, &REBOOT)] {
        let id = cluster.machines_of(role)?.remove(0).id;
        comes_back(lab, &cluster, role, &id, restart)?;
        let doctor = lab.exec(&id, &["swarmlet", "doctor"])?.ok()?;
        for part in ["overlayfs on /var/lib/docker", "/var/lib/containerd"] {
            ensure!(doctor.contains(part), "{part} is not in {doctor}");
        }
    }
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    lab.exec(&worker, &["swarmlet", "leave"])?.ok()?;
    wait_until("the node's entry is gone", Duration::from_mins(2), || {
        let count = cluster.nodes()?.len();
        ensure!(count == 2, "{count} entries");
        Ok(())
    })?;
    cluster.delete()
}

fn set_up(lab: &Lab, id: &str) -> Result<()> {
    let told: Value = serde_json::from_str(&docker(lab, id, &["version", "--format", "json"])?)?;
    let oldest = &told["Server"]["MinAPIVersion"];
    ensure!(oldest == "1.44", "it takes clients from {oldest} on");
    let driver = docker(lab, id, &["info", "--format", "{{.DriverStatus}}"])?;
    ensure!(driver.contains("io.containerd.snapshotter"), "{driver}");
    Ok(())
}
