//! Where and with what it was measured.

use std::fs;
use std::process::Command;

use anyhow::Result;
use lab::Lab;
use serde::{Deserialize, Serialize};

use crate::docker::Engine;
use crate::machines;
use crate::pair::Pair;

/// The machine and the versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(crate) when: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) kernel: String,
    /// How busy it was with other things when it began.
    pub(crate) load: String,
    /// By program.
    pub(crate) versions: Vec<(String, String)>,
}

impl Host {
    /// Looks at it, before anything is measured.
    pub(crate) fn look() -> Result<Self> {
        let cpu = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let load = fs::read_to_string("/proc/loadavg")?;
        let kib: f64 = field(&memory, "MemTotal").parse().unwrap_or_default();
        Ok(Self {
            when: printed(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?,
            command: std::env::var("BENCH_COMMAND").unwrap_or_else(|_| "bench".to_owned()),
            processor: field(&cpu, "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (kib / 1024.0 / 1024.0).round(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
            versions: Vec::new(),
        })
    }

    /// Asks machines of both kinds.
    pub(crate) fn ask(&mut self, lab: &Lab, pair: &Pair) -> Result<()> {
        let (ours, hand) = (&pair.ours.worker.id, &pair.hand.worker.id);
        let word = |id: &str, script: &str, place: usize| -> Result<String> {
            let said = machines::shell(lab, id, script)?;
            Ok(said.split_whitespace().nth(place).unwrap_or("?").to_owned())
        };
        let system = machines::shell(lab, ours, ". /etc/os-release; echo \"$PRETTY_NAME\"")?;
        self.versions = [
            ("", system.trim().to_owned()),
            ("systemd", word(ours, "systemctl --version", 1)?),
            ("Docker Engine", Engine::of(hand)?.version()?),
            ("swarmlet", word(ours, "swarmlet --version", 1)?),
            (
                "AWS CLI",
                word(hand, "aws --version", 0)?.replace("aws-cli/", ""),
            ),
        ]
        .map(|(name, version)| (name.to_owned(), version))
        .to_vec();
        Ok(())
    }
}

fn field(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    let value = value.map_or("", |(_, value)| value.trim());
    value.trim_end_matches(" kB").to_owned()
}

fn printed(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_kernels_files_are_read() {
        assert_eq!(
            field("MemTotal:       24000 kB\nX: 1\n", "MemTotal"),
            "24000"
        );
        assert_eq!(
            field("model name\t: A CPU: fast\n", "model name"),
            "A CPU: fast"
        );
        assert_eq!(field("", "model name"), "");
    }
}
