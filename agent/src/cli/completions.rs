//! `swarmlet completions`

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::{Exit, print};

/// For whom.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// The shell that will read them
    shell: Shell,
}

pub(super) fn run(form: Form, command: Command) -> Exit {
    print(script(form.shell, command).trim_end())
}

/// Written to memory first: the generator panics where it cannot write, a closed pipe included.
fn script(shell: Shell, mut command: Command) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, ValueEnum};

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_shell_is_told_of_every_verb() {
        for shell in Shell::value_variants() {
            let script = script(*shell, Cli::command());
            for verb in ["status", "leave", "config", "rotate"] {
                assert!(script.contains(verb), "{shell}: nothing of {verb}");
            }
        }
    }
}
