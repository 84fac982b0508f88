//! The engine's packages, and the Compose plugin's.

use std::fs;
use std::time::Duration;

use super::PrepareError;
use crate::config::Settings;
use docker::daemon_flags::SERVICE;
use docker::install::{self, Distribution, Hold, InstallError, PATIENCE};
use host::command::{Command, Runner};

/// In the state folder: the plugin was looked for, whatever came of it.
pub(super) const TRIED: &str = "compose-tried";

/// Installs the engine where it is missing.
pub(super) async fn engine(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    Hold::lift_leftover(&settings.root)?;
    if install::has_engine(&settings.root) {
        return Ok(());
    }
    if !settings.engine.install {
        return Err(InstallError::SwitchedOff.into());
    }
    let distribution = Distribution::read(&settings.root);
    let packages = engine_packages(&distribution, settings)?;
    tracing::info!(packages = packages.join(" "), "installing Docker Engine");
    put(&distribution, settings, runner, &packages, PATIENCE).await?;
    Ok(())
}

/// Installs the Compose plugin where it is missing, once the engine has started: it is a convenience that holds
/// nothing up. There is one try an image, since a repository that cannot be reached may take minutes to say so.
/// Who named packages gets those and no others.
pub(super) async fn compose(settings: &Settings, runner: &impl Runner) {
    let engine = &settings.engine;
    let is_wanted = engine.compose && engine.install && engine.packages.is_none();
    let tried = settings.state_dir.join(TRIED);
    if !is_wanted || install::has_compose(&settings.root) || tried.exists() {
        return;
    }
    let distribution = Distribution::read(&settings.root);
    let packages = distribution.packages().map(|packages| packages.compose);
    let names = owned(packages.unwrap_or_default());
    if names.is_empty() {
        return tracing::debug!("{} has no package of the Compose plugin", distribution.name);
    }
    if !has_started(runner).await {
        return tracing::info!("the Compose plugin waits for a boot at which the engine starts");
    }
    if let Err(error) = fs::write(&tried, "") {
        let path = tried.display();
        return tracing::warn!("no Compose plugin: cannot write {path}: {error}");
    }
    tracing::info!(packages = names.join(" "), "installing the Compose plugin");
    if let Err(error) = put(&distribution, settings, runner, &names, Duration::ZERO).await {
        let path = tried.display();
        tracing::warn!(
            "this node goes on without the Compose plugin: {error}; to have it tried again at the next boot, remove {path}"
        );
    }
}

/// Waits until the engine has started, or has failed to. It is being started already, or was.
async fn has_started(runner: &impl Runner) -> bool {
    let mut start = Command::new(["systemctl", "start", SERVICE]);
    start.limit = Duration::from_mins(5);
    let started = runner.run(&start).await;
    started.is_ok_and(|output| output.is_success())
}

fn engine_packages(
    distribution: &Distribution,
    settings: &Settings,
) -> Result<Vec<String>, InstallError> {
    if let Some(packages) = &settings.engine.packages {
        return Ok(packages.clone());
    }
    let unknown = || InstallError::UnknownDistribution(distribution.name.clone());
    let packages = distribution.packages().ok_or_else(unknown)?;
    Ok(owned(packages.engine))
}

async fn put(
    distribution: &Distribution,
    settings: &Settings,
    runner: &impl Runner,
    packages: &[String],
    patience: Duration,
) -> Result<(), InstallError> {
    let unknown = || InstallError::UnknownDistribution(distribution.name.clone());
    let family = distribution.family.ok_or_else(unknown)?;
    let hold = Hold::set(&settings.root)?;
    let installed = install::install(family, runner, packages, patience).await;
    hold.lift().and(installed)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
