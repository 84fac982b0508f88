//! Packer's own builds, of the project's template, on a machine of the lab.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::api::Lab;
use crate::image::{self, Image};
use crate::net::in_hub;
use crate::paths::Paths;
use crate::{aws, sh};

/// Which of the template's builds the lab has a source image for.
const ONLY: &str = "*.amazon-ebs.debian-13-x86_64";
const NAME: &str = "debian-13-x86_64";
/// Where machines get what is outside of a real cluster: the control plane's file server.
const FILES: &str = "http://10.98.0.1:8080";
const SUM: &str = "find . -type f ! -name SHA256SUMS -exec sha256sum {} + >SHA256SUMS";

/// What a build made.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The new image.
    pub image: Image,
    /// What is in it, as it was written down before the seal.
    pub manifest: Value,
    /// All that Packer printed.
    pub output: String,
}

impl Lab {
    /// Runs `packer build` with the template's variables of those names.
    pub fn packer_build(&self, variables: &[(&str, &str)]) -> Result<Packed> {
        let folder = template(self.paths())?;
        let subnet = self.health()?.subnet_ids.swap_remove(0);
        let source = format!("ssm_agent_source={FILES}/ssm");
        let mut command = packer(&folder);
        command.args(["build", "-color=false", &format!("-only={ONLY}")]);
        command.args(["-var", &source]);
        for (name, value) in [("subnet_id", subnet.as_str())].iter().chain(variables) {
            command.args(["-var", &format!("{name}={value}")]);
        }
        let output = sh::output(command.arg("."))?;
        Ok(Packed {
            image: Image::Made(artifact(&folder.join("manifests/packer.json"))?),
            manifest: read(&folder.join("manifests").join(format!("{NAME}.json")))?,
            output,
        })
    }
}

/// The folder that Packer reads: the project's files, the lab's source in place of AWS's.
fn template(paths: &Paths) -> Result<PathBuf> {
    let folder = paths.state.join("packer");
    if let Err(error) = fs::remove_dir_all(&folder)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).context("cannot clear the template's folder");
    }
    let link = || -> Result<()> {
        fs::create_dir_all(folder.join("stage"))?;
        fs::create_dir(folder.join("manifests"))?;
        lay_out(paths, &folder.join("stage/x86_64"))?;
        for part in ["build.pkr.hcl", "variables.pkr.hcl", "provision"] {
            symlink(paths.root.join("packer").join(part), folder.join(part))?;
        }
        let source = paths.root.join("tests/lab/packer/source.pkr.hcl");
        Ok(symlink(source, folder.join("source.pkr.hcl"))?)
    };
    link().context("cannot lay out the template")?;
    Ok(folder)
}

/// As `scripts/stage` did, with the lab's key among those whose SSM agent a builder takes.
fn lay_out(paths: &Paths, stage: &Path) -> Result<()> {
    sh::output(
        Command::new("cp")
            .arg("-R")
            .arg(image::stage(paths)?)
            .arg(stage),
    )?;
    let keys = stage.join("keys/amazon-ssm-agent.asc");
    let all = fs::read_to_string(&keys)? + &fs::read_to_string(image::signer(paths)?)?;
    fs::write(&keys, all)?;
    sh::output(Command::new("sh").args(["-c", SUM]).current_dir(stage)).map(drop)
}

/// As the account's administrator, in the hub's network, asking nobody outside for newer versions.
fn packer(folder: &Path) -> Command {
    let mut command = in_hub("packer");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("AWS_ACCESS_KEY_ID", "lab")
        .env("AWS_SECRET_ACCESS_KEY", "lab")
        .env("AWS_DEFAULT_REGION", aws::REGION)
        .stdin(Stdio::null());
    command
}

/// The id of the image that the post-processor wrote down.
fn artifact(file: &Path) -> Result<String> {
    let manifest = read(file)?;
    let id = manifest["builds"][0]["artifact_id"].as_str();
    let id = id.and_then(|id| id.split(':').nth(1)).unwrap_or_default();
    ensure!(id.starts_with("ami-"), "no image in {manifest}");
    Ok(id.to_owned())
}

fn read(file: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("cannot read {}", file.display()))
}
