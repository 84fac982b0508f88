//! `swarmlet man`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Exit, exit, fail, print};

/// The section of programs for administrators; only they can read the agent's state.
const SECTION: &str = "8";

const FILES: &[(&str, &str)] = &[
    (
        "/etc/swarmlet/config.toml, /etc/swarmlet/config.d/*.toml",
        "Settings; none has to be set. The file that is installed lists all.",
    ),
    (
        "/etc/swarmlet/environment",
        "The environment of units and commands: SWARMLET_<SECTION>_<KEY>, AWS_ENDPOINT_URL, …",
    ),
    (
        "/var/lib/swarmlet",
        "What the node remembers over a reboot.",
    ),
    ("/run/swarmlet/status.json", "What `swarmlet status` shows."),
];

/// Where to.
#[derive(Clone, Debug, Args)]
pub(super) struct Form {
    /// Make this folder, and write a page for the command and for each of its verbs into it
    folder: Option<PathBuf>,
}

pub(super) fn run(form: &Form, command: Command) -> Exit {
    let Some(folder) = &form.folder else {
        return match page(command) {
            Ok((_, text)) => print(text.trim_end()),
            Err(error) => fail(
                Exit::Failed,
                &format!("cannot make the manual page: {error}"),
            ),
        };
    };
    match write(folder, command) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let folder = folder.display();
            fail(
                Exit::Failed,
                &format!("cannot write manual pages to {folder}: {error}"),
            )
        }
    }
}

/// Every page: of the command, its verbs and theirs, hidden ones left out.
fn write(folder: &Path, command: Command) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut command = command.disable_help_subcommand(true);
    // Verbs get their full names here: `swarmlet-config-check`.
    command.build();
    write_all(folder, command)
}

fn write_all(folder: &Path, command: Command) -> io::Result<()> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        write_all(folder, verb.clone())?;
    }
    let (name, text) = page(command)?;
    fs::write(folder.join(name), text)
}

/// A page's file name and its text.
fn page(command: Command) -> io::Result<(String, String)> {
    let is_whole = command.get_after_help().is_some();
    // What `--help` says last has sections of its own in a manual.
    let page = Man::new(command.after_help(Resettable::Reset))
        .section(SECTION)
        .manual("swarmlet");
    let mut text = Vec::new();
    page.render(&mut text)?;
    if is_whole {
        sections().to_writer(&mut text)?;
    }
    Ok((
        page.get_filename(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

fn sections() -> Roff {
    let mut roff = Roff::new();
    for (title, entries) in [("EXIT STATUS", exit::CODES), ("FILES", FILES)] {
        roff.control("SH", [title]);
        for (name, meaning) in entries {
            roff.control("TP", [])
                .text([bold(*name)])
                .text([roman(*meaning)]);
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_verb_has_a_page_but_the_hidden_ones() {
        let folder = tempfile::tempdir().expect("folder");
        let below = folder.path().join("man/man8");
        write(&below, Cli::command()).expect("pages");
        for (name, is_there) in [
            ("swarmlet.8", true),
            ("swarmlet-run.8", true),
            ("swarmlet-config-check.8", true),
            ("swarmlet-announce.8", false),
            ("swarmlet-clear-swarm.8", false),
            ("swarmlet-help.8", false),
        ] {
            assert_eq!(below.join(name).exists(), is_there, "{name}");
        }
    }

    #[test]
    fn the_command_has_sections_that_its_verbs_have_not() {
        let (name, text) = page(Cli::command()).expect("page");
        assert_eq!(name, "swarmlet.8");
        for part in [".TH swarmlet 8", "EXIT STATUS", "78", "FILES"] {
            assert!(text.contains(part), "nothing of {part}: {text}");
        }
        assert!(!text.contains("EXTRA"), "{text}");
        let verb = Cli::command()
            .find_subcommand("leave")
            .cloned()
            .expect("verb");
        assert!(!page(verb).expect("page").1.contains("EXIT STATUS"));
    }
}
