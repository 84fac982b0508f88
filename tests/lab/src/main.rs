//! The `lab` command: EC2 on one machine.
// It panics where nobody reads.
#![warn(clippy::print_stderr)]

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    lab::terminal::command("lab", cli::Command::run)
}
