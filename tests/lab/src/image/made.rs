//! Images made from instances: a copy of the machine's own layer, on top of those it booted from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::admin::{Admin, PendingImage};
use crate::machine;
use crate::paths::{Paths, write_atomic};
use crate::sh::output;
use crate::wait::wait_until;

const OFF: Duration = Duration::from_mins(2);

/// What a machine boots from; which kind of machine it is follows from it.
#[derive(Clone, Debug)]
pub(crate) enum Disk {
    /// A container's.
    Layers(Layers),
    /// A virtual machine's.
    Volume(Volume),
}

/// Folders on top of each other, without a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    /// Overlay's list of layers, topmost first.
    pub layers: String,
    /// What the engine's folder, which is no part of the overlay, holds at first.
    pub docker: Option<PathBuf>,
}

/// A whole disk.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    folder: PathBuf,
}

impl Volume {
    /// What an instance's disk holds at first.
    pub(crate) fn disk(&self) -> PathBuf {
        self.folder.join("root.ext4")
    }

    /// The kernel that is in it.
    pub(crate) fn kernel(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }
}

/// The disk of an image, be it built with the lab or made from an instance.
pub(crate) fn disk(paths: &Paths, image_id: &str) -> Result<Disk> {
    if let Some(folder) = super::volume(paths, image_id)? {
        return Ok(Disk::Volume(Volume { folder }));
    }
    layers(paths, image_id).map(Disk::Layers)
}

fn layers(paths: &Paths, image_id: &str) -> Result<Layers> {
    let folder = folder(paths, image_id);
    let Ok(layers) = fs::read_to_string(folder.join("layers")) else {
        let layers = super::layers(paths, image_id)?;
        return Ok(Layers {
            layers,
            docker: None,
        });
    };
    let docker = Some(folder.join("docker"));
    Ok(Layers { layers, docker })
}

/// The layers of an image that another one is made from.
fn source(paths: &Paths, image_id: &str) -> Result<Layers> {
    match disk(paths, image_id)? {
        Disk::Layers(layers) => Ok(layers),
        Disk::Volume(_) => bail!("the lab makes none from virtual machines"),
    }
}

/// Keeps the disk of a pending image and tells the control plane, also when that failed.
pub(crate) fn keep(paths: &Paths, admin: &Admin, image: &PendingImage) -> Result<()> {
    let kept = take(paths, admin, image);
    let error = kept.as_ref().err().map(|error| format!("{error:#}"));
    admin.finish_image(&image.id, error.as_deref())?;
    kept.with_context(|| format!("cannot make the image {}", image.id))
}

fn take(paths: &Paths, admin: &Admin, image: &PendingImage) -> Result<()> {
    let source = match (&image.instance_id, &image.source_image_id) {
        (Some(id), _) => of_instance(paths, admin, id)?,
        (None, Some(id)) => source(paths, id)?,
        (None, None) => bail!("it is made from nothing"),
    };
    let folder = folder(paths, &image.id);
    fs::create_dir_all(&folder).context("cannot make its folder")?;
    let layers = match &image.instance_id {
        Some(id) => {
            copy(&paths.machine(id).join("upper"), &folder.join("upper"))?;
            format!("{}:{}", folder.join("upper").display(), source.layers)
        }
        None => source.layers,
    };
    match source.docker {
        Some(docker) => copy(&docker, &folder.join("docker"))?,
        None => fs::create_dir(folder.join("docker"))?,
    }
    // The last: an image whose layers can be read is whole.
    write_atomic(&folder.join("layers"), layers.as_bytes())
}

/// A stopped machine may still be on its way down; one that runs is taken as it is, as EC2 does
/// when it is told not to reboot.
fn of_instance(paths: &Paths, admin: &Admin, id: &str) -> Result<Layers> {
    let instances = admin.instances()?;
    let found = instances.iter().find(|instance| instance.id == id);
    let instance = found.with_context(|| format!("there is no instance {id}"))?;
    if !instance.running() {
        wait_until(&format!("{id} is off"), OFF, || {
            ensure!(!machine::is_on(id), "it is still on");
            Ok(())
        })?;
    }
    let docker = Some(paths.machine(id).join("docker"));
    let layers = source(paths, &instance.image_id)?.layers;
    Ok(Layers { layers, docker })
}

/// With everything that overlay keeps in attributes and device nodes.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    output(
        Command::new("cp")
            .args(["--archive", "--no-target-directory"])
            .arg(from)
            .arg(to),
    )
    .map(drop)
}

fn folder(paths: &Paths, image_id: &str) -> PathBuf {
    paths.state.join("images").join(image_id)
}
