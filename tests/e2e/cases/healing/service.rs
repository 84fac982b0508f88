//! What a swarm keeps in its raft store: a service and a secret, made and found again.

use anyhow::{Result, ensure};
use lab::Lab;

use crate::cases::support::docker;

const NAME: &str = "kept";

/// Makes both. The service runs no task: the lab has no registry.
pub(in crate::cases) fn create(lab: &Lab, manager: &str) -> Result<()> {
    let argv = ["docker", "secret", "create", NAME, "-"];
    lab.exec_with_input(manager, &argv, "hush")?.ok()?;
    let words = [
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--replicas=0",
    ];
    let rest = ["--name", NAME, "--secret", NAME, "none:none"];
    docker(lab, manager, &[&words[..], &rest].concat()).map(drop)
}

/// Whether both are there.
pub(in crate::cases) fn is_there(lab: &Lab, manager: &str) -> Result<()> {
    for kind in ["service", "secret"] {
        let names = docker(lab, manager, &[kind, "ls", "--format", "{{.Name}}"])?;
        ensure!(names.lines().any(|name| name == NAME), "the {kind} is lost");
    }
    Ok(())
}
