//! Builds the machine images out of layers, each made again only when what goes into it changes.
//!
//! ```text
//! base ── system ─┬─ engine ─┬─ baked ── cloud-init
//!                │          ├─ kernel ── vm ── volume (only where it is asked for: a disk for virtual machines)
//!                │          └─ bare (only where it is asked for: with the AWS CLI, without swarmlet)
//!    (debootstrap)├─ plain
//!                 ├─ stock (what a distribution publishes: images are made from it as on AWS)
//!                 └─ repository (the engine's packages, for the plain image to install)
//! ```
//! for Debian 13; of Debian 12, whose engine is older, and where it is asked for of Debian's testing, whose
//! engine is newer, the row of the baked image; and what comes nearest to Amazon Linux 2023:
//!
//! ```text
//! base ── system ── rpm ─┬─ dnf
//!                        └─ rpm repository (the same engine's packages, packed for dnf)
//! ```
//!
//! A layer's folder is named by a digest over its inputs, the layer below included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::name;
use crate::paths::{Paths, write_atomic};

mod digest;
mod layer;
mod made;
mod store;
mod which;

pub use which::Image;

pub(crate) use made::{Disk, Layers, Volume, copy, disk, keep};

use digest::Digest;
use store::{Layer, Store};
use which::{BAKED, BARE, BOOKWORM, CLOUD_INIT, DNF, FORKY, PLAIN, STOCK, VM};

/// What the images are made of, by the names that debootstrap knows.
const TRIXIE_SUITE: &str = "trixie";
const BOOKWORM_SUITE: &str = "bookworm";
/// Debian's testing: the newest engine that Debian has.
const FORKY_SUITE: &str = "forky";

/// What the last build made; machines launched from now on use it.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Manifest {
    /// By image id: its layers, topmost first.
    layers: BTreeMap<String, Vec<PathBuf>>,
    /// By the id of an image for virtual machines: the folder with its disk and its kernel.
    #[serde(default)]
    volumes: BTreeMap<String, PathBuf>,
    /// The package repositories, by the kind of package.
    repositories: BTreeMap<String, PathBuf>,
    /// What the images got of swarmlet.
    stage: PathBuf,
}

impl Manifest {
    fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).context("cannot write down the images")?;
        write_atomic(file, &text)
    }
}

/// Overlay's list of the layers of an image that the lab has built.
fn layers(paths: &Paths, image_id: &str) -> Result<String> {
    let manifest = read(&adopted(paths))?;
    let layers = manifest.layers.get(image_id).ok_or_else(|| {
        anyhow!(
            "cannot find the image {image_id}: neither was it built with the lab nor made from an instance"
        )
    })?;
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| layer.display().to_string())
        .collect();
    Ok(layers.join(":"))
}

/// The folder with disk and kernel of an image for virtual machines; none if it is one for containers.
fn volume(paths: &Paths, image_id: &str) -> Result<Option<PathBuf>> {
    Ok(read(&adopted(paths))?.volumes.remove(image_id))
}

/// The folders that the control plane serves as `/apt`, `/rpm` and `/ssm`, by these names.
pub(crate) fn repositories(paths: &Paths) -> Result<BTreeMap<String, PathBuf>> {
    let mut repositories = read(&adopted(paths))?.repositories;
    for (name, folder) in &mut repositories {
        folder.push(name);
    }
    Ok(repositories)
}

/// The key that the packages in `/apt` and `/ssm` are signed with.
pub(crate) fn signer(paths: &Paths) -> Result<PathBuf> {
    let folder = read(&adopted(paths))?.repositories.remove("apt");
    Ok(folder
        .context("the images have no repository")?
        .join("lab.asc"))
}

/// What the images got of swarmlet, as `scripts/stage` laid it out.
pub(crate) fn stage(paths: &Paths) -> Result<PathBuf> {
    Ok(read(&adopted(paths))?.stage)
}

/// The images that are built only where they are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// The one without swarmlet, for comparisons.
    pub bare: bool,
    /// The one of Debian's testing: it changes from day to day, and now and then it cannot be installed.
    pub forky: bool,
    /// The one for virtual machines.
    pub vm: bool,
}

/// Builds what is missing or out of date; `binary` is the agent to put in.
pub(crate) fn build(paths: &Paths, binary: &Path, extras: Extras) -> Result<Manifest> {
    let store = Store::new(paths.images());
    let image = paths.root.join("tests/lab/image");
    let provision = paths.root.join("packer/provision");
    fs::create_dir_all(paths.images()).context("cannot make the image cache")?;
    let _lock = store.lock()?;

    let (system, engine) = debian(&store, &image, &provision, TRIXIE_SUITE)?;
    let (old_system, old_engine) = debian(&store, &image, &provision, BOOKWORM_SUITE)?;
    let rpm = layer::rpm(&store, &image, &old_system)?;
    let apt_repository = layer::repository(&store, &image, &system)?;
    let rpm_repository = layer::rpm_repository(&store, &image, &rpm, &apt_repository)?;
    let stage = layer::stage(&store, &paths.root, binary)?;
    let parts = layer::Finish {
        image: &image,
        provision: &provision,
        stage: &stage,
        repositories: [&apt_repository, &rpm_repository],
    };
    let finished = |kind, suite, below| layer::finished(&store, kind, suite, &parts, below);
    let baked = finished("baked", TRIXIE_SUITE, &engine)?;
    let stock = layer::stock(&store, &image, TRIXIE_SUITE, &system)?;
    let layers = [
        (CLOUD_INIT, layer::cloud_init(&store, &image, &baked)?),
        (BAKED, baked),
        (PLAIN, finished("plain", TRIXIE_SUITE, &system)?),
        (BOOKWORM, finished("baked", BOOKWORM_SUITE, &old_engine)?),
        (STOCK, layer::dressed(&store, &parts, TRIXIE_SUITE, &stock)?),
        (DNF, finished("dnf", BOOKWORM_SUITE, &rpm)?),
    ];

    let mut layers: BTreeMap<_, _> = layers
        .map(|(id, top)| (id.to_owned(), top.folders()))
        .into();
    if extras.bare {
        let top = layer::bare(&store, &parts, TRIXIE_SUITE, &engine)?;
        layers.insert(BARE.to_owned(), top.folders());
    }
    if extras.forky {
        let (_, engine) = debian(&store, &image, &provision, FORKY_SUITE)?;
        let top = finished("baked", FORKY_SUITE, &engine)?;
        layers.insert(FORKY.to_owned(), top.folders());
    }
    let mut volumes = BTreeMap::new();
    if extras.vm {
        let kernel = layer::kernel(&store, &image, TRIXIE_SUITE, &engine)?;
        let top = layer::finished(&store, "vm", TRIXIE_SUITE, &parts, &kernel)?;
        let volume = layer::volume(&store, &image, TRIXIE_SUITE, &top)?;
        volumes.insert(VM.to_owned(), volume.folder().to_owned());
        // No machine boots from these, but the disk is made of them.
        layers.insert(VM.to_owned(), top.folders());
    }

    let manifest = Manifest {
        layers,
        volumes,
        repositories: [
            ("apt", &apt_repository),
            ("rpm", &rpm_repository),
            ("ssm", &apt_repository),
        ]
        .map(|(name, layer)| (name.to_owned(), layer.folder().to_owned()))
        .into(),
        stage: stage.folder().to_owned(),
    };
    manifest.write(&manifest_file(paths))?;
    Ok(manifest)
}

/// A release of Debian, without and with the engine it has.
fn debian(store: &Store, image: &Path, provision: &Path, suite: &str) -> Result<(Layer, Layer)> {
    let base = layer::base(store, image, suite)?;
    let system = layer::system(store, image, suite, &base)?;
    let engine = layer::engine(store, provision, suite, &system)?;
    Ok((system, engine))
}

/// Makes the lab use these images. It keeps a copy of the list: another lab may build others.
pub(crate) fn adopt(paths: &Paths, manifest: &Manifest) -> Result<()> {
    manifest.write(&adopted(paths))
}

/// Deletes layers that the images do not use any more. Only while no machine runs on them.
pub(crate) fn prune(paths: &Paths) -> Result<()> {
    let Ok(manifest) = read(&manifest_file(paths)) else {
        return Ok(());
    };
    if name::others() {
        return Ok(());
    }
    let mut used: Vec<_> = manifest.layers.into_values().flatten().collect();
    used.extend(manifest.volumes.into_values());
    used.extend(manifest.repositories.into_values());
    used.push(manifest.stage);
    Store::new(paths.images()).prune(&used)
}

fn read(file: &Path) -> Result<Manifest> {
    let text = fs::read_to_string(file).with_context(|| {
        format!(
            "cannot read {}: build the images with `lab up`",
            file.display()
        )
    })?;
    serde_json::from_str(&text).with_context(|| format!("cannot read {}", file.display()))
}

fn manifest_file(paths: &Paths) -> PathBuf {
    paths.images().join("current.json")
}

fn adopted(paths: &Paths) -> PathBuf {
    paths.state.join("images.json")
}
