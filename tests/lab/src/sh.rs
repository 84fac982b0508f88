//! Running other programs.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Runs a program to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    bail!(
        "cannot {}: {} ({})",
        shown(command),
        String::from_utf8_lossy(&done.stderr).trim(),
        done.status
    )
}

/// Runs `ip` with words split at spaces.
pub(crate) fn ip(arguments: &str) -> Result<()> {
    output(Command::new("ip").args(arguments.split_whitespace())).map(drop)
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    words.join(" ")
}
