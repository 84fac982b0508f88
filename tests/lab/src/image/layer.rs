//! The single layers and the folder they are kept in.

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

    fn overlay(&self) -> String {
        let folders: Vec<_> = self
            .folders()
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        folders.join(":")
    }

    /// The folder's name, which stands for all that is in it.
    fn name(&self) -> String {
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
    fn layer(
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
    fn script(&self, name: &str, script: &Command) -> Result<()> {
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

/// Debian, as debootstrap leaves it.
pub(super) fn base(store: &Store, image: &Path) -> Result<Layer> {
    let script = image.join("base.sh");
    let digest = Digest::default().path(&script)?;
    store.layer("base", digest, None, |folder| {
        store.script(
            "base",
            Command::new(&script)
                .arg(folder)
                .arg(store.folder.join("debs")),
        )
    })
}

/// Debian as a cloud image has it.
pub(super) fn system(store: &Store, image: &Path, base: &Layer) -> Result<Layer> {
    let digest = Digest::default()
        .text(&base.name())
        .path(&image.join("layer.sh"))?
        .path(&image.join("system.sh"))?;
    store.layer("system", digest, Some(base), |folder| {
        let mut command = inside(image, base, folder);
        command.arg("--bind-ro").arg(bound(image, "/run/build"));
        store.script("system", command.args(["--", "/run/build/system.sh"]))
    })
}

/// With Docker Engine.
pub(super) fn engine(store: &Store, provision: &Path, system: &Layer) -> Result<Layer> {
    let script = provision.join("10-engine.sh");
    let digest = Digest::default().text(&system.name()).path(&script)?;
    let image = provision.join("../../tests/lab/image");
    store.layer("engine", digest, Some(system), |folder| {
        let mut command = inside(&image, system, folder);
        command.arg("--bind-ro").arg(bound(provision, "/run/build"));
        store.script("engine", command.args(["--", "/run/build/10-engine.sh"]))
    })
}

/// The package repository: not a layer of a machine, but kept like one.
pub(super) fn repository(store: &Store, image: &Path, system: &Layer) -> Result<Layer> {
    let script = image.join("repo.sh");
    let digest = Digest::default().text(&system.name()).path(&script)?;
    store.layer("repository", digest, None, |folder| {
        store.script(
            "repository",
            Command::new(&script).arg(system.overlay()).arg(folder),
        )
    })
}

/// What the image gets of swarmlet: the binary and what belongs to it.
pub(super) fn stage(store: &Store, root: &Path, binary: &Path) -> Result<Layer> {
    let script = root.join("scripts/stage");
    let mut digest = Digest::default().path(&script)?.path(binary)?;
    if root.join("systemd").exists() {
        digest = digest.path(&root.join("systemd"))?;
    }
    store.layer("stage", digest, None, |folder| {
        store.script("stage", Command::new(&script).arg(binary).arg(folder))
    })
}

/// What the top layer of an image is made of.
pub(super) struct Finish<'a> {
    pub image: &'a Path,
    pub provision: &'a Path,
    pub stage: &'a Layer,
    pub repository: &'a Layer,
}

/// The top layer: swarmlet, the lab's own additions, the seal.
pub(super) fn finished(store: &Store, kind: &str, parts: &Finish, below: &Layer) -> Result<Layer> {
    let digest = Digest::default()
        .text(&below.name())
        .text(&parts.stage.name())
        .text(&parts.repository.name())
        .path(&parts.provision.join("20-swarmlet.sh"))?
        .path(&parts.provision.join("90-seal.sh"))?
        .path(&parts.image.join("lab.sh"))?
        .path(&parts.image.join("masked-units.txt"))?;
    store.layer(kind, digest, Some(below), |folder| {
        let mut command = inside(parts.image, below, folder);
        for (outside, inside) in [
            (parts.image, "/run/build/lab"),
            (parts.provision, "/run/build/provision"),
            (parts.stage.folder(), "/run/build/stage"),
            (parts.repository.folder(), "/run/build/repository"),
        ] {
            command.arg("--bind-ro").arg(bound(outside, inside));
        }
        command.args(["--", "/run/build/lab/finish.sh", kind]);
        store.script(kind, &command)
    })
}

fn inside(image: &Path, below: &Layer, folder: &Path) -> Command {
    let mut command = Command::new(image.join("layer.sh"));
    command.arg(below.overlay()).arg(folder);
    command
}

fn bound(outside: &Path, inside: &str) -> String {
    format!("{}:{inside}", outside.display())
}
