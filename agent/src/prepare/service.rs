//! The engine's service: enabled, started, restarted where that is harmless.
//!
//! `prepare` is ordered before the engine, so it never waits for a start: that would wait for
//! `prepare` in turn. Stops are not held up by that order.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::PrepareError;
use super::folders::Folders;
use crate::config::Settings;
use docker::daemon_flags::SERVICE;
use host::command::{Command, CommandError, Runner};

const SOCKET: &str = "docker.socket";
/// An engine is up after 21 s where no manager answers it; what takes longer hangs.
const START_LIMIT: Duration = Duration::from_secs(90);
/// One that is up for so long has heard its leader.
const STEADY: Duration = Duration::from_secs(30);
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
        return start(runner).await;
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

/// Starts the engine without waiting for it.
pub(super) async fn start(runner: &impl Runner) -> Result<(), PrepareError> {
    systemctl(runner, "start", &["start", "--no-block", SERVICE]).await
}

/// Starts the engine, waits for it, and tells whether it stays: one with a raft log that is behind ends when
/// the leader speaks to it. A service that systemd has given up is started once more.
pub(super) async fn stays_up(runner: &impl Runner) -> Result<bool, PrepareError> {
    let reset = Command::new(["systemctl", "reset-failed", SOCKET, SERVICE]);
    let _ = runner.run(&reset).await?;
    let restart = Command {
        limit: START_LIMIT,
        ..Command::new(["systemctl", "restart", SERVICE])
    };
    match runner.run(&restart).await {
        Ok(output) if output.is_success() => {}
        Ok(_) | Err(CommandError::TooSlow(..)) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let before = invocation(runner).await?;
    sleep(STEADY).await;
    Ok(runs(runner).await? && invocation(runner).await? == before)
}

/// Another one for each start of the service, also for those by systemd itself (`systemd.exec(5)`).
async fn invocation(runner: &impl Runner) -> Result<String, PrepareError> {
    let show = Command::new([
        "systemctl",
        "show",
        "--property=InvocationID",
        "--value",
        SERVICE,
    ]);
    Ok(runner.run(&show).await?.stdout)
}

/// Whether a swarm state is that of a member.
pub(super) fn is_member(state: &Path) -> bool {
    state.join("certificates/swarm-node.crt").exists()
}

/// The service manager's refusal, or what was to be expected of it.
pub(super) fn refused(verb: &'static str, cause: impl Into<String>) -> PrepareError {
    PrepareError::Service {
        verb,
        unit: SERVICE,
        cause: cause.into(),
    }
}

async fn is_in_swarm(settings: &Settings, runner: &impl Runner) -> Result<bool, PrepareError> {
    let swarms = Folders::look(settings, runner).await?.swarm();
    Ok(swarms.iter().any(|swarm| is_member(swarm)))
}

async fn is_enabled(runner: &impl Runner) -> Result<bool, PrepareError> {
    let command = Command::new(["systemctl", "is-enabled", "--quiet", SERVICE]);
    Ok(runner.run(&command).await?.is_success())
}

/// Whether it runs, or has begun to: it may have read its settings already.
pub(super) async fn runs(runner: &impl Runner) -> Result<bool, PrepareError> {
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
    Err(refused(verb, output.complaint()))
}
