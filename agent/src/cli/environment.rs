//! `/etc/swarmlet/environment` for commands typed in a shell. systemd reads it for the units; without
//! this a command would look for another AWS endpoint, another proxy or other settings than they do.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use host::environment_file::parse;

const FILE: &str = "/etc/swarmlet/environment";

/// Starts this command anew with what the file sets and the caller's environment does not, if there is
/// any. A process cannot change its own environment while others may read it, so it is a new one; under
/// systemd all is set already.
pub(super) fn complete() -> io::Result<()> {
    let text = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut missing = parse(&text);
    missing.retain(|(key, _)| env::var_os(key).is_none());
    if missing.is_empty() {
        return Ok(());
    }
    let mut command = Command::new(env::current_exe()?);
    Err(command.args(env::args_os().skip(1)).envs(missing).exec())
}

/// What cannot be done, for whom it concerns.
pub(super) fn warning(error: &io::Error) -> String {
    format!("cannot read {FILE}: {error}; going on without it, unlike the units")
}
