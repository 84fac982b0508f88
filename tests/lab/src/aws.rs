//! The AWS command line, pointed at the lab.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::net::in_hub;
use crate::paths::Paths;
use crate::sh::output;

/// The region the lab pretends to be.
pub const REGION: &str = "us-east-1";

/// `aws …` as the account's administrator, in the hub's network. Each call takes a good second,
/// which Python needs to load it.
pub fn command(paths: &Paths) -> Command {
    let mut command = point_at_lab(in_hub(paths.venv("python")));
    command
        .args(["-m", "cloud.aws"])
        .env("PYTHONPATH", paths.root.join("tests/lab"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A script of the repository's that calls `aws …`, as the account's administrator.
pub fn script(paths: &Paths, name: &str) -> Command {
    let mut command = point_at_lab(in_hub(paths.script(name)));
    let mut folders = vec![paths.venv("")];
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    if let Ok(folders) = std::env::join_paths(folders) {
        command.env("PATH", folders);
    }
    command
}

fn point_at_lab(mut command: Command) -> Command {
    command
        .env("AWS_ENDPOINT_URL", "http://10.98.0.1:4566")
        .env("AWS_ACCESS_KEY_ID", "lab")
        .env("AWS_SECRET_ACCESS_KEY", "lab")
        .env("AWS_DEFAULT_REGION", REGION)
        .env_remove("AWS_REGION")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_PAGER", "")
        // A person's own profiles and settings must not reach into the lab.
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN");
    command
}

/// Calls it and reads the answer; a call that answers nothing is `null`.
pub fn call<S: AsRef<std::ffi::OsStr>>(paths: &Paths, arguments: &[S]) -> Result<Value> {
    let text = output(command(paths).args(["--output", "json"]).args(arguments))?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).context("cannot read what aws printed")
}

/// Sets an instance to stopped.
pub fn stop_instance(paths: &Paths, id: &str) -> Result<()> {
    call(paths, &["ec2", "stop-instances", "--instance-ids", id]).map(drop)
}
