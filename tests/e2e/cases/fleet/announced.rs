//! How long it takes a manager to see that a node is leaving, on the oldest, the usual and the newest engine.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role, wait_until};

use super::seen::{Watch, active, entry, manager};
use crate::Case;
use crate::cases::support::unique;

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "fleet::a_departure_is_seen_on_the_usual_engine",
        run: |lab| seen(lab, "said", Image::Baked),
    },
    Case {
        name: "fleet::a_departure_is_seen_on_the_oldest_engine",
        run: |lab| seen(lab, "said-old", Image::Bookworm),
    },
    Case {
        name: "fleet::a_departure_is_seen_on_the_newest_engine",
        run: |lab| seen(lab, "said-new", Image::Forky),
    },
];

/// Five seconds until the agent looks, and Docker's update period of twenty.
const SEEN: Duration = Duration::from_secs(40);
const LEFT: Duration = Duration::from_mins(2);

fn seen(lab: &Lab, name: &str, image: Image) -> Result<()> {
    let spec = ClusterSpec {
        image,
        ..ClusterSpec::new(&unique(name), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(LEFT)?;
    active(&cluster)?;
    departs(lab, &cluster, name)?;
    cluster.delete()
}

fn departs(lab: &Lab, cluster: &Cluster, name: &str) -> Result<()> {
    let manager = manager(cluster)?.id;
    let worker = cluster.machines_of(Role::Worker)?.into_iter().next();
    let id = worker.context("there is no worker")?.id;
    let watch = Watch::start();
    lab.exec(&id, &["swarmlet", "leave"])?.ok()?;
    wait_until("the manager sees it", SEEN, || {
        let entry = entry(lab, &manager, &id)?;
        let label = &entry["Description"]["Engine"]["Labels"]["swarmlet.departing"];
        ensure!(label.is_string(), "it says nothing of it");
        Ok(())
    })?;
    watch.say(&format!("{name}: the manager saw the departure"));
    wait_until("the node's entry is gone", LEFT, || {
        let count = cluster.nodes()?.len();
        ensure!(count == 1, "{count} entries");
        Ok(())
    })?;
    watch.say(&format!("{name}: its entry was gone"));
    Ok(())
}
