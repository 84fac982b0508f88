//! The engine's service: enabled, started, restarted where that is harmless.
//!
//! `prepare` is ordered before the engine, so it never waits for a start: that would wait for
//! `prepare` in turn. Stops are not held up by that order.

use std::path::PathBuf;

use super::PrepareError;
use super::folders::Folders;
use crate::command::{Command, Runner};
use crate::config::Settings;
use crate::engine::daemon_flags::SERVICE;

const SOCKET: &str = "docker.socket";
const PREPARE: &str = "swarmlet-prepare.service";

/// Enables the engine and makes it run with its present settings.
pub(super) async fn settle(
    settings: &Settings,
    runner: &impl Runner,
    changed: bool,
) -> Result<(), PrepareError> {
    // The engine waits for this: what can be asked at once is.
    let (enabled, runs) = tokio::join!(is_enabled(runner), runs(runner));
    if !enabled? {
        systemctl(runner, "enable", &["enable", SERVICE]).await?;
    }
    if !runs? {
        return systemctl(runner, "start", &["start", "--no-block", SERVICE]).await;
    }
    if !changed {
        return Ok(());
    }
    if is_in_swarm(settings, runner).await? {
        tracing::warn!(
            "the engine takes over its new labels now, and all else that changed at its next start: it is in a \
             swarm and is not restarted"
        );
        return systemctl(runner, "reload", &["reload", "--no-block", SERVICE]).await;
    }
    tracing::info!("restarting the engine with its new settings");
    systemctl(runner, "restart", &["restart", "--no-block", SERVICE]).await
}

/// Starts an engine that systemd has given up.
pub(super) async fn start_again(runner: &impl Runner) -> Result<(), PrepareError> {
    let units = ["reset-failed", SOCKET, SERVICE];
    systemctl(runner, "reset", &units).await?;
    systemctl(runner, "start", &["start", "--no-block", SOCKET, SERVICE]).await
}

/// Has this host readied anew, and the engine started by that.
pub(super) async fn prepare_again(runner: &impl Runner) -> Result<(), PrepareError> {
    systemctl(runner, "reset", &["reset-failed", SOCKET, SERVICE]).await?;
    systemctl(runner, "restart", &["restart", "--no-block", PREPARE]).await
}

/// Stops the engine, and the socket that would start it again.
pub(super) async fn stop(runner: &impl Runner) -> Result<(), PrepareError> {
    if runs(runner).await? {
        systemctl(runner, "stop", &["stop", SOCKET, SERVICE]).await?;
    }
    Ok(())
}

async fn is_in_swarm(settings: &Settings, runner: &impl Runner) -> Result<bool, PrepareError> {
    let swarms = Folders::look(settings, runner).await?.swarm();
    let has_certificate = |swarm: &PathBuf| swarm.join("certificates/swarm-node.crt").exists();
    Ok(swarms.iter().any(has_certificate))
}

async fn is_enabled(runner: &impl Runner) -> Result<bool, PrepareError> {
    let command = Command::new(["systemctl", "is-enabled", "--quiet", SERVICE]);
    Ok(runner.run(&command).await?.is_success())
}

/// Whether it runs, or has begun to: it may have read its settings already.
async fn runs(runner: &impl Runner) -> Result<bool, PrepareError> {
    let command = Command::new(["systemctl", "is-active", SERVICE]);
    let output = runner.run(&command).await?;
    Ok(output.is_success() || output.stdout.trim() == "activating")
}

async fn systemctl(
    runner: &impl Runner,
    verb: &'static str,
    arguments: &[&str],
) -> Result<(), PrepareError> {
    let output = runner
        .run(&Command::new([&["systemctl"], arguments].concat()))
        .await?;
    if output.is_success() {
        return Ok(());
    }
    Err(PrepareError::Service {
        verb,
        unit: SERVICE,
        cause: output.complaint(),
    })
}
