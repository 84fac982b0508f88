//! The command line: parse, pick a verb. No logic of its own.

mod announce;
mod clear_swarm;
mod completions;
mod config;
mod dashboard;
mod depart;
mod doctor;
mod environment;
mod exit;
mod man;
mod mend;
mod options;
mod prepare;
mod ready;
mod recover;
mod run;
mod status;
mod terminal;
mod token;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime;

use crate::config::Settings;
use host::journal;

pub use exit::Exit;
use options::Options;

/// Makes a Docker Swarm assemble and heal itself on EC2.
#[derive(Debug, Parser)]
#[command(name = "swarmlet", version, max_term_width = 100)]
#[command(after_help = exit::help())]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Ready this host: host name, Docker Engine, its settings and its service
    Prepare,
    /// Bring this node into its swarm and keep it there
    Run,
    /// Show this node, and on a manager the whole swarm; fails unless this node serves in its swarm
    Status(status::Form),
    /// Check everything that this node needs, and say what to mend; changes nothing
    Doctor(doctor::Form),
    /// Let this manager go on alone when most managers are terminated (`swarm.recovery = "ask"`)
    Recover,
    /// Take this node out of its swarm, without loss, until `activate`
    Leave,
    /// Keep the swarm's tasks off this node, until `activate`
    Drain,
    /// Take `leave` or `drain` back
    Activate,
    /// Write the engine label of a departure (run by swarmlet-announce.service)
    #[command(hide = true)]
    Announce,
    /// Start an engine without its swarm state if it does not start with it (run by swarmlet-clear-swarm.service)
    #[command(hide = true)]
    ClearSwarm,
    /// Put back what the engine started with last, when it does not start (run by swarmlet-mend-engine.service)
    #[command(hide = true)]
    MendEngine(mend::Form),
    /// Look at the settings
    #[command(subcommand)]
    Config(config::Verb),
    /// Show the swarm to browsers (on a manager; see `[dashboard]` of the settings)
    Dashboard(dashboard::Form),
    /// Answer load balancers' health checks (run by swarmlet-ready.service)
    #[command(hide = true)]
    Ready(ready::Form),
    /// Join tokens
    #[command(subcommand)]
    Token(token::Verb),
    /// Print a shell's completions
    Completions(completions::Form),
    /// Print the manual page, or write the pages of all verbs into a folder
    Man(man::Form),
    /// Print the version
    Version,
}

/// Does what the command line says.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return help(&told),
    };
    // Whose unit may not read it, and who needs none of it.
    let is_alone = matches!(cli.verb, Verb::Ready(_));
    if !is_alone && let Err(error) = environment::complete() {
        fail(Exit::Failed, &environment::warning(&error));
    }
    match cli.verb {
        Verb::Prepare => with_settings(&cli.options, prepare::run),
        Verb::Run => with_settings(&cli.options, run::run),
        Verb::Status(form) => with_settings(&cli.options, async |settings| {
            status::run(settings, form).await
        }),
        Verb::Doctor(form) => with_settings(&cli.options, async |settings| {
            doctor::run(settings, form).await
        }),
        Verb::Recover => with_settings(&cli.options, recover::run),
        Verb::Token(verb) => with_settings(&cli.options, async |settings| {
            token::run(&verb, settings).await
        }),
        Verb::Leave => with_settings(&cli.options, depart::leave),
        Verb::Drain => with_settings(&cli.options, depart::drain),
        Verb::Activate => with_settings(&cli.options, depart::activate),
        Verb::Dashboard(form) => with_settings(&cli.options, async |settings| {
            dashboard::run(settings, form).await
        }),
        Verb::Ready(form) => without_settings(ready::run(form)),
        Verb::MendEngine(form) => with_settings(&cli.options, async |settings| {
            mend::run(settings, form).await
        }),
        Verb::Announce => with_settings(&cli.options, announce::run),
        Verb::ClearSwarm => with_settings(&cli.options, clear_swarm::run),
        Verb::Config(verb) => config::run(&verb, &cli.options),
        Verb::Completions(form) => completions::run(form, Cli::command()),
        Verb::Man(form) => man::run(&form, Cli::command()),
        Verb::Version => print(concat!("swarmlet ", env!("CARGO_PKG_VERSION"))),
    }
}

/// Loads settings, starts logging and runs a verb that needs both.
fn with_settings(options: &Options, verb: impl AsyncFnOnce(Settings) -> Exit) -> Exit {
    let settings = match Settings::load(&options.flags()) {
        Ok(settings) => settings,
        Err(errors) => return fail(Exit::Terminal, &errors),
    };
    journal::start(&settings.log.level);
    wait_for(verb(settings))
}

/// The same for a verb that may not read settings.
fn without_settings(verb: impl Future<Output = Exit>) -> Exit {
    journal::start("info");
    wait_for(verb)
}

fn wait_for(verb: impl Future<Output = Exit>) -> Exit {
    match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(verb),
        Err(error) => fail(Exit::Failed, &format!("cannot start: {error}")),
    }
}

/// Says why a verb failed where a person sees it: on standard error, which a unit sends to the
/// journal and to the console.
fn fail(exit: Exit, error: &impl Display) -> Exit {
    say("<3>", error);
    exit
}

/// Says something at a level of the journal's (`<3>` an error, `<4>` a warning) on standard error.
fn say(level: &str, text: &impl Display) {
    let is_service = std::env::var_os("JOURNAL_STREAM").is_some();
    let mark = if is_service { level } else { "" };
    let mut out = std::io::stderr().lock();
    for line in text.to_string().lines() {
        let _ = writeln!(out, "{mark}swarmlet: {line}");
    }
}

/// Help that was asked for, or why the command line cannot be understood.
fn help(told: &clap::Error) -> Exit {
    let printed = told.print();
    if told.use_stderr() {
        return Exit::Misused;
    }
    printed_to_the_end(printed)
}

fn print(text: &str) -> Exit {
    printed_to_the_end(writeln!(io::stdout(), "{text}"))
}

/// The end of a command by whether its output could be written.
fn printed_to_the_end(printed: io::Result<()>) -> Exit {
    match printed.and_then(|()| io::stdout().flush()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Unread,
        Err(error) => fail(Exit::Failed, &format!("cannot print: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_come_before_or_after_the_verb() {
        for line in [
            "swarmlet --role worker prepare",
            "swarmlet prepare --role worker",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).expect(line);
            assert!(cli.options.flags().node.role.is_some(), "{line}");
        }
    }
}
