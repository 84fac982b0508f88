//! Starting the lab.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::admin::Admin;
use crate::cgroup::Cgroup;
use crate::image::{Extras, Manifest};
use crate::name::name;
use crate::paths::Paths;
use crate::process::Recorded;
use crate::seed::seed;
use crate::terminal::say;
use crate::wait::{phase, wait_until};
use crate::{down, image, net, sysctl};

const CONTROL: &str = "control";
const HYPERVISOR: &str = "hypervisor";
const HEALTHY: Duration = Duration::from_mins(1);

/// How to start.
#[derive(Clone, Debug)]
pub struct UpOptions {
    /// The agent's binary, for the images.
    pub binary: PathBuf,
    /// Build the images and stop there.
    pub image_only: bool,
    /// Which images to build beside the usual ones.
    pub extras: Extras,
}

/// Builds the images and starts control plane and hypervisor, unless they run. What a lab that
/// crashed has left is cleaned up first.
pub fn up(paths: &Paths, options: &UpOptions) -> Result<()> {
    check_host(options.extras.vm)?;
    let _lock = lock(paths)?;
    let images = phase("images", || {
        image::build(paths, &options.binary, options.extras)
    })?;
    if options.image_only {
        return Ok(());
    }
    if runs(paths) {
        say("  the lab is up");
        return image::adopt(paths, &images);
    }
    down::clear(paths)?;
    image::prune(paths)?;
    let started = phase("lab", || start(paths, &images));
    if started.is_err() {
        // Logs are in the state folder: told now, for it is deleted.
        tell_logs(paths);
        down::clear(paths)?;
    }
    started
}

/// Whether both background processes are there and serve.
pub(crate) fn runs(paths: &Paths) -> bool {
    let alive = |name| Recorded::load(&record(paths, name)).is_some_and(|process| process.alive());
    alive(CONTROL) && alive(HYPERVISOR) && Admin::new(paths.admin_socket()).health().is_ok()
}

/// The program that runs as the hypervisor, also after it was compiled anew.
pub(crate) fn hypervisor(paths: &Paths) -> Option<PathBuf> {
    let process = Recorded::load(&record(paths, HYPERVISOR))?;
    process.alive().then(|| process.program())
}

/// Ends the background processes, if they are still those that were started.
pub(crate) fn end_background(paths: &Paths) {
    for name in [HYPERVISOR, CONTROL] {
        if let Some(process) = Recorded::load(&record(paths, name)) {
            process.kill();
        }
    }
}

/// Held while the lab goes up or down; in the cache, because the state folder comes and goes.
pub(crate) fn lock(paths: &Paths) -> Result<File> {
    fs::create_dir_all(&paths.cache).context("cannot make the cache folder")?;
    let file = File::create(paths.cache.join(format!("{}.lock", name())))
        .context("cannot open the lab's lock")?;
    if file.try_lock().is_err() {
        say("  another lab command is at work, waiting for it");
        file.lock().context("cannot lock the lab")?;
    }
    Ok(file)
}

fn start(paths: &Paths, images: &Manifest) -> Result<()> {
    fs::create_dir_all(paths.state.join("machines"))
        .with_context(|| format!("cannot make {}", paths.state.display()))?;
    image::adopt(paths, images)?;
    sysctl::raise()?;
    net::hub_up()?;
    serve_files(paths)?;
    background(paths, CONTROL, &mut control_plane(paths)?)?;
    let admin = Admin::new(paths.admin_socket());
    wait_until("the control plane answers", HEALTHY, || {
        let process = Recorded::load(&record(paths, CONTROL));
        if !process.is_some_and(|process| process.alive()) {
            bail!("it ended");
        }
        admin.health()
    })?;
    let own = std::env::current_exe().context("cannot find the lab command's own file")?;
    let mut hypervisor = group(HYPERVISOR)?.background(own);
    background(paths, HYPERVISOR, hypervisor.arg("hypervisor"))
}

fn control_plane(paths: &Paths) -> Result<Command> {
    let mut command = group(CONTROL)?.background("nsenter");
    command
        .arg(format!("--net={}", net::path(&net::hub()).display()))
        .arg("--")
        .arg(paths.venv("python"))
        .args([
            "-m",
            "cloud",
            "--api",
            "10.98.0.1:4566",
            "--imds",
            "169.254.169.254:80",
        ])
        .arg("--files")
        .arg(format!(
            "10.98.0.1:8080={}",
            paths.state.join("files").display()
        ))
        .arg("--admin")
        .arg(paths.admin_socket())
        .arg("--journal")
        .arg(paths.journal())
        .args(seed()?.map(|seed| format!("--seed={seed}")))
        .current_dir(&paths.state)
        .env("PYTHONPATH", paths.root.join("tests/lab"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1");
    Ok(command)
}

/// The folder that the control plane's file server shows: the package repositories, and programs that
/// machines run in containers.
fn serve_files(paths: &Paths) -> Result<()> {
    let files = paths.state.join("files");
    fs::create_dir_all(&files).context("cannot make the folder of served files")?;
    let mut served = image::repositories(paths)?;
    served.insert("programs".to_owned(), paths.cache.join("programs"));
    for (name, folder) in served {
        std::os::unix::fs::symlink(&folder, files.join(name))
            .with_context(|| format!("cannot serve {}", folder.display()))?;
    }
    Ok(())
}

/// Starts a process that outlives this command, and writes down which it is.
fn background(paths: &Paths, name: &str, command: &mut Command) -> Result<()> {
    let log =
        File::create(log(paths, name)).with_context(|| format!("cannot write the {name} log"))?;
    let child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start the {name}"))?;
    let pid = i32::try_from(child.id()).context("cannot take a process id this large")?;
    Recorded::of(pid)
        .ok_or_else(|| anyhow!("the {name} ended at once, see its log"))?
        .save(&record(paths, name))
}

fn group(name: &str) -> Result<Cgroup> {
    let group = Cgroup::lab()?.child(name);
    group.create()?;
    Ok(group)
}

fn record(paths: &Paths, name: &str) -> PathBuf {
    paths.state.join(format!("{name}.process"))
}

fn log(paths: &Paths, name: &str) -> PathBuf {
    paths.state.join(format!("{name}.log"))
}

fn tell_logs(paths: &Paths) {
    for name in [CONTROL, HYPERVISOR] {
        if let Ok(text) = fs::read_to_string(log(paths, name)) {
            say(format_args!("--- {name}.log\n{text}"));
        }
    }
}

/// What the lab takes.
const PROGRAMS: [&str; 7] = [
    "systemd-nspawn",
    "debootstrap",
    "ip",
    "nsenter",
    "unshare",
    "dpkg-scanpackages",
    "gpg",
];
/// What virtual machines take beside.
const VM_PROGRAMS: [&str; 4] = ["qemu-system-x86_64", "qemu-img", "dnsmasq", "mkfs.ext4"];

fn check_host(vm: bool) -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("cannot start the lab: it needs root, for namespaces and mounts");
    }
    must_have(&PROGRAMS, "scripts/bootstrap")?;
    if vm {
        must_have(&VM_PROGRAMS, "scripts/bootstrap --vm")?;
    }
    Ok(())
}

fn must_have(programs: &[&str], remedy: &str) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    for program in programs {
        if !folders.iter().any(|folder| folder.join(program).exists()) {
            bail!("cannot start the lab: {program} is missing; run {remedy}");
        }
    }
    Ok(())
}
