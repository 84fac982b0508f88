//! What the agent's process uses, by the kernel's account.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::machines;

const AGENT: &str = "swarmlet.service";

/// A look at the agent of a machine. Sizes are in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Use {
    /// All that is resident.
    pub(crate) rss: f64,
    /// Of these, what no file backs.
    pub(crate) anonymous: f64,
    /// Resident, shared pages counted by their part.
    pub(crate) pss: f64,
    /// Of no other process.
    pub(crate) private: f64,
    /// Processor time since the unit's start, its children included, in seconds.
    pub(crate) cpu: f64,
    /// How often one of its threads slept and woke.
    pub(crate) wakes: f64,
}

/// Looks at it.
pub(crate) fn of(id: &str) -> Result<Use> {
    let process = machines::process(id, AGENT)?;
    let folder = Path::new("/proc").join(process.to_string());
    let rollup = read(&folder.join("smaps_rollup"))?;
    let mib = |field: &str| number(&rollup, field) / 1024.0;
    let accounts = read(&machines::slice(id)?.child(AGENT).path().join("cpu.stat"))?;
    let mut wakes = 0.0;
    for task in fs::read_dir(folder.join("task")).context("cannot list its threads")? {
        let status = read(&task?.path().join("status"))?;
        wakes += number(&status, "voluntary_ctxt_switches:");
    }
    Ok(Use {
        rss: mib("Rss:"),
        anonymous: mib("Anonymous:"),
        pss: mib("Pss:"),
        private: mib("Private_Clean:") + mib("Private_Dirty:"),
        cpu: number(&accounts, "usage_usec") / 1e6,
        wakes,
    })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The number that follows a word at the beginning of a line.
fn number(text: &str, word: &str) -> f64 {
    let mut lines = text.lines().map(str::split_whitespace);
    lines
        .find_map(|mut words| (words.next() == Some(word)).then(|| words.next())?)
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_the_whole_word() {
        let text = "Rss:                1780 kB\nPss:                 272 kB\nPss_Dirty:  120 kB\n";
        assert_eq!(number(text, "Pss:").to_string(), "272");
        assert_eq!(
            number("usage_usec 12345\n", "usage_usec").to_string(),
            "12345"
        );
        assert_eq!(number(text, "Swap:").to_string(), "0");
    }
}
