//! Packer itself, with the project's template, on a machine of the lab.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Lab};

use super::image::is_as_packed;
use super::support::{docker, unique};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "image_packer::builds_an_image_that_boots_into_a_swarm",
    run: builds_and_boots,
}];

/// How the version has to begin; the lab's repository has one of them.
const PIN: (&str, &str) = ("engine_version", "26.1");
/// What stands in for the SSM agent.
const AGENT: (&str, &str) = ("ssm_agent_version", "3.3.0.0");

fn builds_and_boots(lab: &Lab) -> Result<()> {
    let started = Instant::now();
    let packed = lab.packer_build(&[PIN, AGENT, ("swarmlet_version", "0.1.0")])?;
    let time = started.elapsed().as_secs_f64();
    let verdict = packed
        .output
        .lines()
        .find(|line| line.contains("assertions hold"))
        .context("the image was not checked")?;
    eprintln!("    packer took {time:.1} s; {}", verdict.trim());
    let manifest = &packed.manifest;
    let engine = manifest["engine"].as_str().unwrap_or_default();
    ensure!(
        engine.starts_with(PIN.1),
        "not the pinned engine: {manifest}"
    );
    ensure!(manifest["distribution"] == "debian 13", "{manifest}");
    ensure!(manifest["ssm_agent"] == AGENT.1, "no way in: {manifest}");

    let spec = ClusterSpec {
        image: packed.image,
        ..ClusterSpec::new(&unique("packed"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(1))?;
    let time = launched.elapsed().as_secs_f64();
    eprintln!("    a manager and a worker of it Ready after {time:.1} s");
    for machine in cluster.machines()? {
        let running = docker(
            lab,
            &machine.id,
            &["version", "--format", "{{.Server.Version}}"],
        )?;
        ensure!(running == engine, "{} runs {running}", machine.id);
        is_as_packed(lab, &machine.id)?;
        let agent = [
            "systemctl",
            "is-active",
            "--quiet",
            "amazon-ssm-agent.service",
        ];
        lab.exec(&machine.id, &agent)?.ok()?;
    }
    Ok(())
}
