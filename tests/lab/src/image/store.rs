//! Finished layers and the folder they are kept in.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::Digest;
use crate::cgroup::Cgroup;
use crate::wait::phase;

/// A finished layer and those below it.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    folder: PathBuf,
    below: Vec<PathBuf>,
}

impl Layer {
    /// Its own folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its folder and those below, topmost first.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        [std::slice::from_ref(&self.folder), &self.below].concat()
    }

    /// The same as overlay's list of lower folders.
    pub(super) fn overlay(&self) -> String {
        let folders: Vec<_> = self
            .folders()
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        folders.join(":")
    }

    /// The folder's name, which stands for all that is in it.
    pub(super) fn name(&self) -> String {
        self.folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}

/// The folder of all layers.
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in a folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Packages that debootstrap has downloaded, for the next time.
    pub(super) fn debs(&self) -> PathBuf {
        self.folder.join("debs")
    }

    /// Waits for another build to end; the lock lasts as long as the file is open. Scripts
    /// that outlived an earlier build are ended.
    pub(super) fn lock(&self) -> Result<File> {
        let file = File::create(self.folder.join("lock")).context("cannot open the image lock")?;
        file.lock().context("cannot lock the image cache")?;
        let scripts = scripts()?;
        scripts.kill()?;
        scripts.create()?;
        Ok(file)
    }

    /// The layer of that name and digest, built if it is not there. The builder fills a folder
    /// that gets its name only when it is complete.
    pub(super) fn layer(
        &self,
        name: &str,
        digest: Digest,
        below: Option<&Layer>,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Layer> {
        let folder = self.folder.join(format!("{name}-{}", digest.finish()?));
        if !folder.exists() {
            let unfinished = self.folder.join(format!("unfinished-{name}"));
            for leftover in ["", ".work", ".root"] {
                remove(&self.folder.join(format!("unfinished-{name}{leftover}")))?;
            }
            phase(&format!("build {name}"), || build(&unfinished))?;
            fs::rename(&unfinished, &folder)
                .with_context(|| format!("cannot name the layer {}", folder.display()))?;
        }
        Ok(Layer {
            folder,
            below: below.map(Layer::folders).unwrap_or_default(),
        })
    }

    /// Runs a build script, its output in a log file that is shown when it fails.
    pub(super) fn script(&self, name: &str, script: &Command) -> Result<()> {
        let log = self.folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let status = scripts()?
            .command(script.get_program())
            .args(script.get_args())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("cannot run the script of the {name} layer"))?;
        if !status.success() {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let from = text.lines().count().saturating_sub(15);
            let tail: Vec<_> = text.lines().skip(from).collect();
            bail!(
                "cannot build the {name} layer: {status}, see {}\n{}",
                log.display(),
                tail.join("\n")
            );
        }
        Ok(())
    }

    /// Deletes layers other than the given ones.
    pub(super) fn prune(&self, used: &[PathBuf]) -> Result<()> {
        for entry in fs::read_dir(&self.folder).context("cannot read the image cache")? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let layer = name.contains('-') && entry.file_type()?.is_dir();
            if layer && !used.contains(&entry.path()) && !mounted(&entry.path()) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Whether a machine runs on it, of whichever lab: each has its overlay in a namespace of its own.
fn mounted(layer: &Path) -> bool {
    let layer = layer.display().to_string();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .any(|process| {
            let mounts = fs::read_to_string(process.path().join("mountinfo"));
            mounts.is_ok_and(|mounts| mounts.contains(&layer))
        })
}

/// The group that build scripts run in.
fn scripts() -> Result<Cgroup> {
    Ok(Cgroup::lab()?.child("build"))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot delete {}", folder.display()))?;
    }
    Ok(())
}
