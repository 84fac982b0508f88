//! Container images that are pulled into a machine's image, on request.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, Launch, wait_until};

use super::image::seal;
use super::support::{booted, docker, engine_answers};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "image_pulled::is_there_on_a_machine_that_never_pulled_it",
    run: pulled_in,
}];

const REGISTRY: &str = include_str!("registry.py");
/// The registry's only image.
pub(super) const TINY: &str = "127.0.0.1:5000/tiny:1";

fn pulled_in(lab: &Lab) -> Result<()> {
    let builder = lab.launch(&Launch::default())?.remove(0);
    booted(lab, &builder)?;
    engine_answers(lab, &builder)?;
    serve(lab, &builder)?;
    provision(lab, &builder, "30-images.sh")?;
    provision(lab, &builder, "80-manifest.sh")?;
    seal(lab, &builder)?;
    lab.stop(&builder)?;
    let image = lab.create_image(&builder, "with-tiny")?;

    let launch = Launch {
        image,
        ..Launch::default()
    };
    let machine = lab.launch(&launch)?.remove(0);
    booted(lab, &machine)?;
    engine_answers(lab, &machine)?;
    let id = docker(
        lab,
        &machine,
        &["image", "inspect", "--format", "{{.Id}}", TINY],
    )?;
    let manifest = lab.exec(&machine, &["cat", "/usr/share/swarmlet/manifest.json"])?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest.ok()?)?;
    ensure!(manifest["images"][TINY] == id, "{id} is not in {manifest}");
    let state = docker(
        lab,
        &machine,
        &[
            "info",
            "--format",
            "{{.Swarm.LocalNodeState}} {{.Containers}}",
        ],
    )?;
    ensure!(
        state == "inactive 0",
        "the builder's engine lives on: {state}"
    );
    Ok(())
}

/// A registry on the machine itself, which an engine trusts without certificates.
pub(super) fn serve(lab: &Lab, id: &str) -> Result<()> {
    let put = ["sh", "-c", "cat >/root/registry.py"];
    lab.exec_with_input(id, &put, REGISTRY)?.ok()?;
    let run = [
        "systemd-run",
        "--unit=registry",
        "python3",
        "/root/registry.py",
    ];
    lab.exec(id, &run)?.ok()?;
    wait_until("the registry answers", Duration::from_secs(20), || {
        let ask = ["curl", "-sSf", "http://127.0.0.1:5000/v2/"];
        lab.exec(id, &ask)?.ok().map(drop)
    })
}

/// Runs a script of `packer/provision` that pulls that one image.
pub(super) fn provision(lab: &Lab, id: &str, script: &str) -> Result<()> {
    let script = fs::read_to_string(lab.paths().root.join("packer/provision").join(script))?;
    let wanted = format!("SWARMLET_IMAGES={TINY}");
    let argv = ["env", &wanted, "bash", "-s"];
    lab.exec_with_input(id, &argv, &script)?.ok().map(drop)
}
