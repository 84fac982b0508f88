//! An image without Docker: installed at boot from the distribution's packages.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role, wait_until};

use super::support::{docker, unique};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "plain_image::installs_the_engine_and_joins",
    run: installs_and_joins,
}];

fn installs_and_joins(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        image: Image::Plain,
        ..ClusterSpec::new(&unique("plain"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(4))?;
    eprintln!(
        "    whole {:.1} s after the launch",
        launched.elapsed().as_secs_f64()
    );
    let worker = &cluster.machines_of(Role::Worker)?[0].id;
    // It comes after the engine, and holds nothing up.
    let limit = Duration::from_mins(2);
    let version = wait_until("the Compose plugin is there", limit, || {
        docker(lab, worker, &["compose", "version", "--short"])
    })?;
    ensure!(version.starts_with('2'), "Compose is {version}");
    Ok(())
}
