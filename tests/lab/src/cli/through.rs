//! Verbs that hand over to another program, with its exit status.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use lab::{Lab, Paths, aws as cli, machine};

/// The id of the one instance that a person means: by id or its beginning, Name tag or address.
pub(super) fn find(lab: &Lab, given: &str) -> Result<String> {
    let mut found = lab.instances()?;
    found.retain(|instance| {
        instance.id.starts_with(given)
            || instance.tag("Name") == Some(given)
            || instance.address == given
    });
    if found.len() > 1 {
        found.retain(|instance| !instance.terminated());
    }
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => bail!("cannot find the instance {given}: `lab ls` shows all"),
        several => bail!(
            "cannot tell which of {} instances {given} is",
            several.len()
        ),
    }
}

/// A command in a machine.
pub(super) fn exec(lab: &Lab, instance: &str, command: &[String]) -> Result<ExitCode> {
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    hand_over(&mut machine::interactive(
        lab.paths(),
        &find(lab, instance)?,
        &words,
    )?)
}

/// A command in a virtual machine, as [`exec`] starts it.
pub(super) fn guest(folder: &Path, command: &[String]) -> Result<ExitCode> {
    Ok(ExitCode::from(machine::run_in_guest(folder, command)?))
}

/// A machine's journal.
pub(super) fn logs(
    lab: &Lab,
    instance: &str,
    follow: bool,
    unit: Option<&str>,
) -> Result<ExitCode> {
    let mut words = Vec::new();
    if follow {
        words.push("--follow");
    }
    if let Some(unit) = unit {
        words.extend(["--unit", unit]);
    }
    hand_over(&mut lab.logs(&find(lab, instance)?, &words)?)
}

/// The AWS command line.
pub(super) fn aws(paths: &Paths, arguments: &[String]) -> Result<ExitCode> {
    hand_over(cli::command(paths).args(arguments))
}

/// A script of the repository's that calls the AWS command line.
pub(super) fn script(paths: &Paths, name: &str, arguments: &[String]) -> Result<ExitCode> {
    hand_over(cli::script(paths, name).args(arguments))
}

fn hand_over(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().context("cannot run the command")?;
    // As a shell tells of a signal.
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
