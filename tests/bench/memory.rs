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
    /// What it would have to itself on a machine with one agent: its pages of the binary, which the
    /// agents of a lab share, and all that no other process has.
    pub(crate) own: f64,
    /// Processor time since the unit's start, its children included, in seconds.
    pub(crate) cpu: f64,
    /// How often its main thread slept and woke: it runs everything but short looks at files.
    pub(crate) wakes: f64,
}

/// Looks at it.
pub(crate) fn of(id: &str) -> Result<Use> {
    let process = machines::process(id, AGENT)?;
    let folder = Path::new("/proc").join(process.to_string());
    let rollup = read(&folder.join("smaps_rollup"))?;
    let mib = |field: &str| number(&rollup, field) / 1024.0;
    let accounts = read(&machines::slice(id)?.child(AGENT).path().join("cpu.stat"))?;
    let status = read(&folder.join("status"))?;
    Ok(Use {
        rss: mib("Rss:"),
        anonymous: mib("Anonymous:"),
        pss: mib("Pss:"),
        own: own(&read(&folder.join("smaps"))?) / 1024.0,
        cpu: number(&accounts, "usage_usec") / 1e6,
        wakes: number(&status, "voluntary_ctxt_switches:"),
    })
}

/// In KiB, of the list of mappings.
fn own(maps: &str) -> f64 {
    let (mut is_binary, mut sum) = (false, 0.0);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            // A mapping's head begins with its addresses.
            (Some(head), _) if !head.ends_with(':') => is_binary = line.ends_with("/swarmlet"),
            (Some("Rss:"), Some(size)) if is_binary => sum += size.parse().unwrap_or(0.0),
            (Some("Private_Clean:" | "Private_Dirty:"), Some(size)) if !is_binary => {
                sum += size.parse().unwrap_or(0.0);
            }
            _ => {}
        }
    }
    sum
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
    fn the_binary_counts_whole_and_libraries_by_what_is_private() {
        let maps = "55d0-55d1 r-xp 0 00:1 1 /usr/bin/swarmlet\nRss: 100 kB\nPrivate_Clean: 0 kB\n\
                    7f00-7f01 r-xp 0 00:1 2 /usr/lib/libc.so.6\nRss: 50 kB\nPrivate_Dirty: 4 kB\nVmFlags: rd\n\
                    7f02-7f03 rw-p 0 00:0 0\nRss: 30 kB\nPrivate_Dirty: 30 kB\n";
        assert_eq!(own(maps).to_string(), "134");
    }

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
