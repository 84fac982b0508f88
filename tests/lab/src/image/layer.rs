//! The single layers: what goes into each, and the script that makes it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Digest;
use super::store::{Layer, Store};

/// Debian of that suite, as debootstrap leaves it.
pub(super) fn base(store: &Store, image: &Path, suite: &str) -> Result<Layer> {
    let script = image.join("base.sh");
    let digest = Digest::default().text(suite).path(&script)?;
    let name = format!("base-{suite}");
    store.layer(&name, digest, None, |folder| {
        let mut command = Command::new(&script);
        store.script(&name, command.arg(suite).arg(folder).arg(store.debs()))
    })
}

/// Debian as a cloud image has it.
pub(super) fn system(store: &Store, image: &Path, suite: &str, base: &Layer) -> Result<Layer> {
    let digest = Digest::default()
        .text(&base.name())
        .path(&image.join("layer.sh"))?
        .path(&image.join("system.sh"))?;
    let name = format!("system-{suite}");
    store.layer(&name, digest, Some(base), |folder| {
        let mut command = inside(image, base, folder);
        command.arg("--bind-ro").arg(bound(image, "/run/build"));
        store.script(&name, command.args(["--", "/run/build/system.sh"]))
    })
}

/// With what a published image has beside the system: ssh, a user, the key from the metadata.
pub(super) fn stock(store: &Store, image: &Path, suite: &str, system: &Layer) -> Result<Layer> {
    let digest = Digest::default()
        .text(&system.name())
        .path(&image.join("ssh-key"))?
        .path(&image.join("stock.sh"))?;
    let name = format!("ssh-{suite}");
    store.layer(&name, digest, Some(system), |folder| {
        let mut command = inside(image, system, folder);
        command.arg("--bind-ro").arg(bound(image, "/run/build"));
        store.script(&name, command.args(["--", "/run/build/stock.sh"]))
    })
}

/// With Docker Engine.
pub(super) fn engine(
    store: &Store,
    provision: &Path,
    suite: &str,
    system: &Layer,
) -> Result<Layer> {
    let script = provision.join("10-engine.sh");
    let digest = Digest::default().text(&system.name()).path(&script)?;
    let image = provision.join("../../tests/lab/image");
    let name = format!("engine-{suite}");
    store.layer(&name, digest, Some(system), |folder| {
        let mut command = inside(&image, system, folder);
        command.arg("--bind-ro").arg(bound(provision, "/run/build"));
        store.script(&name, command.args(["--", "/run/build/10-engine.sh"]))
    })
}

/// With the kernel that a virtual machine boots.
pub(super) fn kernel(store: &Store, image: &Path, suite: &str, engine: &Layer) -> Result<Layer> {
    let digest = Digest::default()
        .text(&engine.name())
        .path(&image.join("kernel.sh"))?;
    let name = format!("kernel-{suite}");
    store.layer(&name, digest, Some(engine), |folder| {
        let mut command = inside(image, engine, folder);
        command.arg("--bind-ro").arg(bound(image, "/run/build"));
        store.script(&name, command.args(["--", "/run/build/kernel.sh"]))
    })
}

/// The disk of an image, with its kernel beside it: not a layer, but kept like one.
pub(super) fn volume(store: &Store, image: &Path, suite: &str, top: &Layer) -> Result<Layer> {
    let script = image.join("volume.sh");
    let digest = Digest::default().text(&top.name()).path(&script)?;
    let name = format!("volume-{suite}");
    store.layer(&name, digest, None, |folder| {
        let mut command = Command::new(&script);
        store.script(&name, command.arg(top.overlay()).arg(folder))
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

/// With dnf and its database, as Amazon Linux 2023 has them.
pub(super) fn rpm(store: &Store, image: &Path, system: &Layer) -> Result<Layer> {
    let mut digest = Digest::default().text(&system.name());
    for part in ["rpm.sh", "system-release.spec"] {
        digest = digest.path(&image.join(part))?;
    }
    store.layer("rpm", digest, Some(system), |folder| {
        let mut command = inside(image, system, folder);
        command.arg("--bind-ro").arg(bound(image, "/run/build"));
        store.script("rpm", command.args(["--", "/run/build/rpm.sh"]))
    })
}

/// The same engine's packages for dnf: not a layer of a machine either.
pub(super) fn rpm_repository(
    store: &Store,
    image: &Path,
    rpm: &Layer,
    apt: &Layer,
) -> Result<Layer> {
    let script = image.join("rpm-repo.sh");
    let digest = Digest::default()
        .text(&rpm.name())
        .text(&apt.name())
        .path(&script)?
        .path(&image.join("engine.spec"))?;
    store.layer("rpm-repository", digest, None, |folder| {
        let mut command = Command::new(&script);
        command.arg(rpm.overlay()).arg(apt.folder().join("apt"));
        store.script("rpm-repository", command.arg(folder))
    })
}

/// What the image gets of swarmlet: the binary and what belongs to it.
pub(super) fn stage(store: &Store, root: &Path, binary: &Path) -> Result<Layer> {
    let script = root.join("scripts/stage");
    let digest = Digest::default()
        .path(&script)?
        .path(binary)?
        .path(&root.join("systemd"))?
        .path(&root.join("packer/checks"))?
        .path(&root.join("packer/keys"))?;
    store.layer("stage", digest, None, |folder| {
        store.script("stage", Command::new(&script).arg(binary).arg(folder))
    })
}

/// What the top layer of an image is made of.
pub(super) struct Finish<'a> {
    pub image: &'a Path,
    pub provision: &'a Path,
    pub stage: &'a Layer,
    /// That of apt, and that of dnf.
    pub repositories: [&'a Layer; 2],
}

/// The top layer: swarmlet, the lab's own additions, the seal.
pub(super) fn finished(
    store: &Store,
    kind: &str,
    suite: &str,
    parts: &Finish,
    below: &Layer,
) -> Result<Layer> {
    let digest = additions(parts, below)?
        .text(&parts.stage.name())
        .path(&parts.provision.join("20-swarmlet.sh"))?
        .path(&parts.provision.join("80-manifest.sh"))?
        .path(&parts.provision.join("90-seal.sh"))?
        .path(&parts.image.join("finish.sh"))?;
    let argv = ["/run/build/lab/finish.sh", kind];
    // The additions of one kind only are no reason to make the others anew.
    let digest = if kind == "vm" {
        digest
            .path(&parts.image.join("vm.sh"))?
            .path(&parts.image.join("guest.py"))?
    } else {
        digest
    };
    top(
        store,
        &format!("{kind}-{suite}"),
        digest,
        parts,
        below,
        &argv,
    )
}

/// The same for an image without swarmlet: the lab's own additions only.
pub(super) fn dressed(store: &Store, parts: &Finish, suite: &str, below: &Layer) -> Result<Layer> {
    let digest = additions(parts, below)?;
    let argv = ["/run/build/lab/lab.sh", "stock", "/run/build"];
    top(
        store,
        &format!("stock-{suite}"),
        digest,
        parts,
        below,
        &argv,
    )
}

/// Without swarmlet, with the AWS CLI and a unit that runs user data.
pub(super) fn bare(store: &Store, parts: &Finish, suite: &str, engine: &Layer) -> Result<Layer> {
    let digest = additions(parts, engine)?.path(&parts.image.join("bare.sh"))?;
    let argv = ["/run/build/lab/bare.sh", "/run/build"];
    top(
        store,
        &format!("bare-{suite}"),
        digest,
        parts,
        engine,
        &argv,
    )
}

/// What every top layer depends on.
fn additions(parts: &Finish, below: &Layer) -> Result<Digest> {
    Digest::default()
        .text(&below.name())
        .text(&parts.repositories.map(Layer::name).join(" "))
        .path(&parts.image.join("lab.sh"))?
        .path(&parts.image.join("masked-units.txt"))
}

fn top(
    store: &Store,
    name: &str,
    digest: Digest,
    parts: &Finish,
    below: &Layer,
    argv: &[&str],
) -> Result<Layer> {
    store.layer(name, digest, Some(below), |folder| {
        let mut command = inside(parts.image, below, folder);
        for (outside, inside) in [
            (parts.image, "/run/build/lab"),
            (parts.provision, "/run/build/provision"),
            (parts.stage.folder(), "/run/build/stage"),
            (parts.repositories[0].folder(), "/run/build/repository"),
            (parts.repositories[1].folder(), "/run/build/rpm-repository"),
        ] {
            command.arg("--bind-ro").arg(bound(outside, inside));
        }
        store.script(name, command.arg("--").args(argv))
    })
}

/// With cloud-init switched on.
pub(super) fn cloud_init(store: &Store, image: &Path, baked: &Layer) -> Result<Layer> {
    let digest = Digest::default()
        .text(&baked.name())
        .path(&image.join("cloud-init.sh"))?
        .path(&image.join("datasource.py"))?;
    store.layer("cloud-init", digest, Some(baked), |folder| {
        let mut command = inside(image, baked, folder);
        command.arg("--bind-ro").arg(bound(image, "/run/build"));
        store.script(
            "cloud-init",
            command.args(["--", "/run/build/cloud-init.sh"]),
        )
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
