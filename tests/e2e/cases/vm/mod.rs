//! What needs a kernel of its own: cases on virtual machines, which `lab up --vm` builds the image for.
//!
//! They are some five to ten times slower than containers, and how much depends on what else the host does. So how long
//! a case waits is counted in boots: what the machines took from their launch to a whole swarm, in this run.

use std::time::{Duration, Instant};

use anyhow::Result;
use lab::{Cluster, ClusterSpec, Image, Lab};

use super::support::unique;

pub(super) mod clocks;
pub(super) mod limits;
mod load;
pub(super) mod mesh;

/// The one limit that is no multiple of a measured time.
const FIRST_BOOT: Duration = Duration::from_mins(15);

/// A swarm of virtual machines, and how fast they are.
pub(super) struct Formed {
    pub cluster: Cluster,
    pub boot: Duration,
}

impl Formed {
    /// Launches a manager and so many workers.
    pub(super) fn new(lab: &Lab, name: &str, workers: u32) -> Result<Self> {
        let spec = ClusterSpec {
            image: Image::Vm,
            ..ClusterSpec::new(&unique(name), 1, workers)
        };
        let cluster = Cluster::create(lab, &spec)?;
        let launched = Instant::now();
        cluster.wait_whole(FIRST_BOOT)?;
        let boot = launched.elapsed();
        eprintln!(
            "    a manager and {workers} workers, each with a kernel of its own: whole {:.1} s after their launch",
            boot.as_secs_f64()
        );
        Ok(Self { cluster, boot })
    }
}

/// Prints what took how long.
fn tell(what: &str, since: Instant) {
    eprintln!("    {what}: {:.1} s", since.elapsed().as_secs_f64());
}
