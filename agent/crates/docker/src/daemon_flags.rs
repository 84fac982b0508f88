//! What `dockerd` is told on its command line, as systemd has it in effect.
//!
//! The engine does not start where a setting stands both in `daemon.json` and on its command line, even when both
//! agree (moby, `findConfigurationConflicts`). Distributions and people put flags into the unit, its drop-ins, and
//! files like `/etc/sysconfig/docker` and `/etc/default/docker`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use host::command::{Command, CommandError, Runner};

mod keys;
mod words;

use words::Told;

/// The engine's service.
pub const SERVICE: &str = "docker.service";
const PROPERTIES: &str =
    "--property=ExecStart,Environment,EnvironmentFiles,FragmentPath,DropInPaths";

/// The command line of the engine.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DaemonFlags {
    /// The engine's program; empty where no unit names it.
    program: String,
    /// Whether the unit runs that program itself, and no shell or script that does.
    is_direct: bool,
    flags: Vec<Flag>,
    /// Where flags may be written: the unit's files, with what they say.
    sources: Vec<(String, String)>,
}

/// One flag.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Flag {
    /// Its key in `daemon.json`.
    key: String,
    /// As it is written: `--label`, `-H`.
    name: String,
    /// None with a flag that stands alone.
    value: Option<String>,
}

impl DaemonFlags {
    /// Asks systemd (`systemctl show`), and reads the environment files that it names, below `root`. Of a unit that
    /// is not there nothing is known.
    pub async fn look(runner: &impl Runner, root: &Path) -> Result<Self, CommandError> {
        let mut command = Command::new(["systemctl", "show", SERVICE, PROPERTIES]);
        command.limit = Duration::from_secs(10);
        let output = runner.run(&command).await?;
        if !output.is_success() {
            tracing::warn!(
                cause = output.complaint(),
                "systemd does not tell what flags the engine is started with"
            );
        }
        let read = |path: &str| {
            let path = root.join(path.trim_start_matches('/'));
            std::fs::read(path)
                .ok()
                .map(|text| String::from_utf8_lossy(&text).into_owned())
        };
        Ok(Self::parse(&output.stdout, read))
    }

    /// What `systemctl show` printed. `read` reads a file of the host.
    pub fn parse(shown: &str, read: impl Fn(&str) -> Option<String>) -> Self {
        let told = Told::read(shown, &read);
        let (program, words, is_direct) = words::after_program(told.command());
        let texts = told.files.into_iter();
        Self {
            program,
            is_direct,
            flags: keys::flags(&words),
            sources: texts
                .filter_map(|file| Some((read(&file)?, file)))
                .map(|(text, file)| (file, text))
                .collect(),
        }
    }

    /// Whether a key of `daemon.json` is given by a flag.
    pub fn has(&self, key: &str) -> bool {
        self.flags.iter().any(|flag| flag.key == key)
    }

    /// The keys of `daemon.json` that are given by flags.
    pub fn keys(&self) -> BTreeSet<&str> {
        self.flags.iter().map(|flag| flag.key.as_str()).collect()
    }

    /// The value of a key's last flag.
    pub fn value(&self, key: &str) -> Option<&str> {
        let last = self.flags.iter().rfind(|flag| flag.key == key);
        last.and_then(|flag| flag.value.as_deref())
    }

    /// The values of all flags of a key.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let flags = self.flags.iter().filter(move |flag| flag.key == key);
        flags.filter_map(|flag| flag.value.as_deref())
    }

    /// Whether a flag that is on or off is on.
    pub fn is_on(&self, key: &str) -> bool {
        let last = self.flags.iter().rev().find(|flag| flag.key == key);
        last.is_some_and(|flag| flag.value.as_deref().is_none_or(keys::is_true))
    }

    /// Whether the unit runs the engine's program itself: then its command can be written anew.
    pub fn is_direct(&self) -> bool {
        self.is_direct
    }

    /// The engine's program, as the unit names it.
    pub fn program(&self) -> Option<&str> {
        Some(self.program.as_str()).filter(|program| !program.is_empty())
    }

    /// Program and flags, without those of one key.
    pub fn command_without(&self, key: &str) -> Vec<String> {
        let kept = self.flags.iter().filter(|flag| flag.key != key);
        let words = kept.map(|flag| match &flag.value {
            Some(value) if flag.name.starts_with("--") => format!("{}={value}", flag.name),
            Some(value) => format!("{}{value}", flag.name),
            None => flag.name.clone(),
        });
        std::iter::once(self.program.clone()).chain(words).collect()
    }

    /// The flag of a key and the file that it is written in, for people: `--label in /etc/…`.
    pub fn place(&self, key: &str) -> String {
        let Some(flag) = self.flags.iter().find(|flag| flag.key == key) else {
            return SERVICE.to_owned();
        };
        let name = &flag.name;
        let written = self.sources.iter().find(|(_, text)| {
            let lines = text.lines().map(str::trim_start);
            let mut said = lines.filter(|line| !line.starts_with(['#', ';']));
            said.any(|line| line.contains(name.as_str()))
        });
        match written {
            Some((file, _)) => format!("{name} in {file}"),
            None => format!("{name} of {SERVICE}"),
        }
    }
}

#[cfg(test)]
#[path = "daemon_flags/tests.rs"]
mod tests;
