//! The engine: its settings file and its packages.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::{Map, Value};

use super::PrepareError;
use crate::command::Runner;
use crate::config::Settings;
use crate::engine::daemon_json::{DaemonJson, Wanted};
use crate::engine::install::{self, Distribution, Hold, InstallError, PATIENCE};
use crate::engine::pools;
use crate::node::Node;

/// In the state folder: which keys of `daemon.json` are ours.
pub(super) const RECORD: &str = "daemon-keys.json";

pub(super) fn daemon_json(settings: &Settings) -> DaemonJson {
    DaemonJson::new(
        settings.host_path("/etc/docker/daemon.json"),
        settings.state_dir.join(RECORD),
    )
}

/// Where the engine keeps its swarm state.
pub(super) fn swarm_state(settings: &Settings, daemon: &Map<String, Value>) -> PathBuf {
    let data_root = daemon.get("data-root").and_then(Value::as_str);
    settings.host_path(Path::new(data_root.unwrap_or("/var/lib/docker")).join("swarm"))
}

/// Settles `daemon.json`; whether that changed it.
pub(super) fn configure(
    node: &Node,
    vpc_cidrs: &[Ipv4Net],
    settings: &Settings,
) -> Result<bool, PrepareError> {
    let overlay = settings
        .swarm
        .address_pool
        .unwrap_or_else(|| pools::overlay_pool(vpc_cidrs));
    if let Some(block) = vpc_cidrs
        .iter()
        .find(|block| pools::overlap(&overlay, block))
    {
        tracing::warn!(pool = %overlay, vpc = %block, "swarm.address_pool overlaps the VPC: leave it out or change it");
    }
    let taken = [vpc_cidrs, &[overlay]].concat();
    let wanted = Wanted {
        extra: settings.engine.daemon.clone(),
        labels: node.labels.clone(),
        instance_id: node.instance_id.clone(),
        local_pool: pools::local_pool(&taken),
    };
    let changed = daemon_json(settings).settle(wanted)?;
    if changed {
        tracing::info!("daemon.json written");
    }
    Ok(changed)
}

/// Installs what is missing. The engine must be had; the Compose plugin is a convenience.
pub(super) async fn install(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    Hold::lift_leftover(&settings.root)?;
    let has_engine = install::has_engine(&settings.root);
    let wants_compose = settings.engine.compose && !install::has_compose(&settings.root);
    if has_engine && (!wants_compose || !settings.engine.install) {
        return Ok(());
    }
    if !settings.engine.install {
        return Err(InstallError::SwitchedOff.into());
    }
    let distribution = Distribution::read(&settings.root);
    if has_engine {
        add_compose(&distribution, settings, runner).await;
        return Ok(());
    }
    let packages = engine_packages(&distribution, settings)?;
    tracing::info!(packages = packages.join(" "), "installing Docker Engine");
    put(&distribution, settings, runner, &packages, PATIENCE).await?;
    Ok(())
}

async fn add_compose(distribution: &Distribution, settings: &Settings, runner: &impl Runner) {
    let names = distribution
        .packages()
        .map(|packages| owned(packages.compose))
        .unwrap_or_default();
    if names.is_empty() {
        return tracing::debug!("{} has no package of the Compose plugin", distribution.name);
    }
    tracing::info!(packages = names.join(" "), "installing the Compose plugin");
    if let Err(error) = put(distribution, settings, runner, &names, Duration::ZERO).await {
        tracing::warn!(%error, "this node goes on without the Compose plugin");
    }
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
    let mut names = owned(packages.engine);
    if settings.engine.compose {
        names.extend(owned(packages.compose));
    }
    Ok(names)
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
