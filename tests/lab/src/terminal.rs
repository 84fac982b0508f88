//! What a command tells: answers on standard output, what happens meanwhile on standard error.
//!
//! Whoever reads may stop reading (`lab ls | head -1`), and that is no failure. `println!` and `eprintln!` would
//! panic, so they are not used.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

/// The exit code then: what a shell shows for a program that SIGPIPE has ended.
const UNREAD: u8 = 141;

/// Whoever read the answer has gone.
#[derive(Debug)]
struct Unread;

impl Display for Unread {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("whoever read the output has gone")
    }
}

impl std::error::Error for Unread {}

/// Runs a command: its arguments, what it does, and how it ends.
pub fn command<C: Parser>(name: &str, run: impl FnOnce(C) -> Result<ExitCode>) -> ExitCode {
    let ended = match C::try_parse() {
        Ok(command) => run(command),
        Err(help) => shown(&help),
    };
    match ended {
        Ok(code) => code,
        Err(error) if error.is::<Unread>() => ExitCode::from(UNREAD),
        Err(error) => {
            say(format_args!("{name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Help that was asked for, or why the arguments cannot be understood.
fn shown(help: &clap::Error) -> Result<ExitCode> {
    let printed = written(help.print());
    if !help.use_stderr() {
        printed?;
    }
    let code = u8::try_from(help.exit_code()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

/// Prints an answer, and ends its line.
pub fn print(answer: impl Display) -> Result<()> {
    written(writeln!(io::stdout(), "{answer}"))
}

/// Prints a text that has its own line breaks.
pub fn print_text(text: &str) -> Result<()> {
    written(io::stdout().write_all(text.as_bytes()))
}

fn written(printed: io::Result<()>) -> Result<()> {
    match printed.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Unread.into()),
        other => other.context("cannot print"),
    }
}

/// Tells a line of what happens. Nobody has to read it.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
