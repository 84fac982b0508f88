//! Builds the machine images out of layers, each made again only when what goes into it changes.
//!
//! ```text
//! base ── system ─┬─ engine ── baked
//!    (debootstrap)├─ plain
//!                 └─ repository (the engine's packages, for the plain image to install)
//! ```
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
mod store;

use digest::Digest;
use store::Store;

/// The image ids, the same in the control plane.
const BAKED: &str = "ami-0ba1ed00000000001";
const PLAIN: &str = "ami-0ba1ed00000000002";

/// Which of the two images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Image {
    /// Debian 13 with Docker Engine and swarmlet.
    #[default]
    Baked,
    /// Debian 13 with swarmlet, without Docker.
    Plain,
}

impl Image {
    /// Its id in EC2.
    pub fn id(self) -> &'static str {
        match self {
            Self::Baked => BAKED,
            Self::Plain => PLAIN,
        }
    }
}

/// What the last build made; machines launched from now on use it.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Manifest {
    /// By image id: its layers, topmost first.
    layers: BTreeMap<String, Vec<PathBuf>>,
    /// The package repository.
    repository: PathBuf,
    /// What the images got of swarmlet.
    stage: PathBuf,
}

impl Manifest {
    fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).context("cannot write down the images")?;
        write_atomic(file, &text)
    }
}

/// Overlay's list of the layers of an image.
pub(crate) fn layers(paths: &Paths, image_id: &str) -> Result<String> {
    let manifest = read(&adopted(paths))?;
    let layers = manifest.layers.get(image_id).ok_or_else(|| {
        anyhow!("cannot find the image {image_id}: the lab has {BAKED} and {PLAIN}")
    })?;
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| layer.display().to_string())
        .collect();
    Ok(layers.join(":"))
}

/// The folder that the control plane serves as `/apt`.
pub(crate) fn repository(paths: &Paths) -> Result<PathBuf> {
    Ok(read(&adopted(paths))?.repository.join("apt"))
}

/// Builds what is missing or out of date; `binary` is the agent to put in.
pub(crate) fn build(paths: &Paths, binary: &Path) -> Result<Manifest> {
    let store = Store::new(paths.images());
    let image = paths.root.join("tests/lab/image");
    let provision = paths.root.join("packer/provision");
    fs::create_dir_all(paths.images()).context("cannot make the image cache")?;
    let _lock = store.lock()?;

    let base = layer::base(&store, &image)?;
    let system = layer::system(&store, &image, &base)?;
    let engine = layer::engine(&store, &provision, &system)?;
    let repository = layer::repository(&store, &image, &system)?;
    let stage = layer::stage(&store, &paths.root, binary)?;
    let parts = layer::Finish {
        image: &image,
        provision: &provision,
        stage: &stage,
        repository: &repository,
    };
    let baked = layer::finished(&store, "baked", &parts, &engine)?;
    let plain = layer::finished(&store, "plain", &parts, &system)?;

    let manifest = Manifest {
        layers: BTreeMap::from([
            (BAKED.to_owned(), baked.folders()),
            (PLAIN.to_owned(), plain.folders()),
        ]),
        repository: repository.folder().to_owned(),
        stage: stage.folder().to_owned(),
    };
    manifest.write(&manifest_file(paths))?;
    Ok(manifest)
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
    used.extend([manifest.repository, manifest.stage]);
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
